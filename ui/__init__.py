"""The ui room: shows answers (page, command line, HTTP, MCP)."""
