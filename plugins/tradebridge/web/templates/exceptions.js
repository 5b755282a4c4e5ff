// Sends "carry again" for one record or one cause. A JSON body keeps other sites' forms out.
const answer = document.getElementById("answer");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  button.disabled = true;
  const { id, cause } = button.dataset;
  const wanted = id ? { ids: [Number(id)] } : { cause };
  const response = await fetch(document.body.dataset.replay, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(wanted),
  });
  const body = await response.json().catch(() => ({}));
  answer.textContent = response.ok
    ? `On its way: run ${body.run_id} of ${body.dag_id}.`
    : `Not started: ${body.detail ?? response.status}.`;
  button.disabled = response.ok;
});
