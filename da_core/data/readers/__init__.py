"""Step 1 · files, archives, tables, arrays, pictures and sounds become samples; nothing in them is trusted."""
