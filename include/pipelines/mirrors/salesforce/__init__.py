"""What neither Salesforce's record nor Zoho's says of itself, one module for each kind of record."""
