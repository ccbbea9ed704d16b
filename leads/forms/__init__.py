"""What people type into leads' pages."""
