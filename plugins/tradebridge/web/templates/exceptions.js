// What the buttons of the exceptions page do. JSON bodies keep other sites' forms out.
const answer = document.getElementById("answer");
const api = document.body.dataset.api;

async function send(path, body) {
  const response = await fetch(api + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(said.detail ?? response.status);
  return said;
}

const actions = {
  async replay({ id, cause }) {
    const run = await send("/exceptions/replay", id ? { ids: [Number(id)] } : { cause });
    return `On its way: run ${run.run_id} of ${run.dag_id}.`;
  },
  // A person has said who is who: write it down, then carry the record and its siblings.
  async link({ id, entity, source, target, from, to }) {
    const between = { source_system: from, target_system: to };
    await send("/links", { entity, source_id: source, target_id: target, ...between });
    return `Linked to ${target}. ${await actions.replay({ id })}`;
  },
  async skip({ id, record }) {
    const why = window.prompt(`Why shall ${record} not be carried?`);
    if (!why) return "";
    await send("/exceptions/skip", { ids: [Number(id)], why });
    return `${record} is left out.`;
  },
  // A write without a known outcome: somebody has looked in the target.
  async confirm({ key, record }) {
    const target = window.prompt(`Under which number does the target have ${record}?`);
    if (!target) return "";
    await send("/in-doubt/confirm", { key, target_id: target });
    return `${record} is linked to ${target}.`;
  },
  async deny({ key, record }) {
    if (!window.confirm(`The target does not have ${record}? It will be sent again.`)) return "";
    await send("/in-doubt/deny", { key });
    return `${record} will be sent again.`;
  },
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  button.disabled = true;
  try {
    answer.textContent = await actions[button.dataset.action](button.dataset);
    button.disabled = answer.textContent !== "";
  } catch (error) {
    answer.textContent = `Not done: ${error.message}.`;
    button.disabled = false;
  }
});
