//! Doc comments begin with a noun or a verb.

use std::path::PathBuf;

use syn::visit::{self, Visit};

use super::source::{is_of_tests, parsed_files, root};

/// The doc comments that begin with a question word, without those of tests.
#[derive(Default)]
struct Questions {
    file: PathBuf,
    found: Vec<String>,
}

impl<'ast> Visit<'ast> for Questions {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if matches!(item, syn::Item::Mod(item) if is_of_tests(&item.attrs)) {
            return;
        }
        visit::visit_item(self, item);
    }

    /// The paragraphs of a comment are attributes one after another: only the first begins it.
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let syn::Meta::NameValue(pair) = &attribute.meta else {
            return;
        };
        let syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) = &pair.value
        else {
            return;
        };
        if !pair.path.is_ident("doc") {
            return;
        }
        let line = attribute.pound_token.span.start().line;
        let text = text.value();
        let first = text.split_whitespace().next().unwrap_or_default();
        let first = first.trim_end_matches(|mark: char| !mark.is_alphanumeric());
        if QUESTIONS.contains(&first) {
            let before = std::fs::read_to_string(root().join(&self.file)).expect("a source file");
            let before = before
                .lines()
                .nth(line.saturating_sub(2))
                .unwrap_or_default();
            if line == 1 || !before.trim_start().starts_with("//") {
                self.found
                    .push(format!("{}:{line}: {}", self.file.display(), text.trim()));
            }
        }
    }
}

/// First words of a doc comment that is neither a noun phrase nor a verb in the third person.
const QUESTIONS: &[&str] = &["What", "How", "Where", "Whether", "Who", "It", "So", "Such"];

#[test]
fn doc_comments_begin_with_a_noun_or_a_verb() {
    let mut questions = Questions::default();
    for (file, parsed) in parsed_files() {
        questions.file = file;
        questions.visit_file(&parsed);
    }
    let found = questions.found;
    assert!(
        found.is_empty(),
        "Say it as a noun phrase or a verb in the third person:\n{}",
        found.join("\n")
    );
}
