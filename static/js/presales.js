// Presales: behaviour shared by every page.
