//! Tables to answers: what agents did, why the call rate jumped, who came in, what was refused, how complete it all is; and how that
//! is shown, as text, Markdown, JSON, and a page for the browser.

pub mod document;
