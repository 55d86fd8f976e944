"""Room 4: Prompt -> stream of tokens. The Engine protocol, llama.cpp behind it, the catalog, the device probe."""
