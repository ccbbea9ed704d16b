"""The story that a demo installation tells: people, a year of leads and deals, made by the real actions."""
