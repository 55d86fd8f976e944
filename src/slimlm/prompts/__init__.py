"""Room 3: task + passages -> Prompt; model text -> claims. All wording meant for the model lives here."""
