"""What several tests share: a lab for screens, a server, a browser, made-up runs and files."""
