"""DocAssist: documents with a summary, questions and answers, as records; and how good a model is at them."""
