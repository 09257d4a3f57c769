// What every screen has besides Streamlit: the one script of the document, with its texts in `lab-page`.

import { showFirstHints } from "./first_hints.js";
import { linkGlossary } from "./glossary_links.js";
import { followLivePage } from "./live_page.js";
import { rememberView } from "./remembered_view.js";
import { translateStreamlit } from "./screen_reader.js";
import { returnAfterSigningIn } from "./signing_in.js";

const { phrases, glossary } = JSON.parse(document.getElementById("lab-page")?.textContent ?? "{}");
rememberView();
returnAfterSigningIn();
translateStreamlit(phrases);
followLivePage();
showFirstHints();
linkGlossary(glossary);
