"""What people see in a browser: the page behind an acknowledge link, and a monitor's page."""
