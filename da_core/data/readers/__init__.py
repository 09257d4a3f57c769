"""Step 1 · Read files, archives, tables, arrays, pictures and sounds as samples; trust nothing in them."""
