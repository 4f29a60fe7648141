"""From values to rows of styled text for a given width: pure, no Textual. Foreign text is made visible here."""
