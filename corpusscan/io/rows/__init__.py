"""Records become batches of documents: columns, texts, values, and the account of every record."""
