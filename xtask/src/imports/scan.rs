//! What a Rust file uses: every path in it that leaves its module, resolved from the crate's root.
//!
//! Code that is only compiled for tests is left out. Inside macro calls, where there are only tokens,
//! a path is found when it begins with `crate`.

use std::path::{Path, PathBuf};

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{
    Attribute, ImplItem, Item, ItemMod, ItemUse, Macro, UseTree, parse_file,
    visit::{self, Visit},
};

use super::Use;
use crate::{Error, files};

/// The uses of one file, whose own place in the crate is `module`.
///
/// # Errors
/// The file cannot be read or is not Rust.
pub fn file(path: &Path, shown: &Path, module: &[String]) -> Result<Vec<Use>, Error> {
    let text = files::read_text(path)?;
    uses(&text, shown, module).map_err(|source| Error::Rust { path: shown.to_path_buf(), source })
}

fn uses(text: &str, shown: &Path, module: &[String]) -> syn::Result<Vec<Use>> {
    let mut scan = Scan { file: shown.to_path_buf(), module: module.to_vec(), found: Vec::new() };
    scan.visit_file(&parse_file(text)?);
    scan.found.sort();
    scan.found.dedup();
    Ok(scan.found)
}

struct Scan {
    file: PathBuf,
    module: Vec<String>,
    found: Vec<Use>,
}

impl Scan {
    fn add(&mut self, first: &Ident, path: Vec<String>) {
        let line = first.span().start().line;
        let (path, internal) = resolve(&self.module, path);
        self.found.push(Use { file: self.file.clone(), line, path, internal });
    }

    fn tree(&mut self, prefix: &[&Ident], tree: &UseTree) {
        let with = |ident| [prefix, &[ident]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree),
            UseTree::Name(name) => self.idents(&with(&name.ident)),
            UseTree::Rename(rename) => self.idents(&with(&rename.ident)),
            UseTree::Glob(_) => self.idents(prefix),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(prefix, item)),
        }
    }

    fn idents(&mut self, idents: &[&Ident]) {
        if let Some(first) = idents.first() {
            self.add(first, idents.iter().map(ToString::to_string).collect());
        }
    }

    /// Finds `crate::a::b` among tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(ident) if ident == "crate" => {
                    let rest = tokens.get(at + 1..).unwrap_or_default();
                    let path = std::iter::once(ident.to_string()).chain(path_ahead(rest)).collect();
                    self.add(ident, path);
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Scan {
    fn visit_item(&mut self, item: &'ast Item) {
        if !only_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let tests = matches!(item, ImplItem::Fn(function) if only_for_tests(&function.attrs));
        if !tests {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let idents: Vec<&Ident> = path.segments.iter().map(|segment| &segment.ident).collect();
        if idents.len() > 1 {
            self.idents(&idents);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }
}

/// The names after `crate` in `crate::a::b`.
fn path_ahead(tokens: &[TokenTree]) -> Vec<String> {
    let mut names = Vec::new();
    for step in tokens.chunks(3) {
        match step {
            [TokenTree::Punct(a), TokenTree::Punct(b), TokenTree::Ident(name)]
                if a.as_char() == ':' && b.as_char() == ':' =>
            {
                names.push(name.to_string());
            }
            _ => break,
        }
    }
    names
}

/// A path from the crate's root, and whether it begins in this crate.
fn resolve(module: &[String], path: Vec<String>) -> (Vec<String>, bool) {
    let mut base: Option<Vec<String>> = None;
    let mut rest = path.iter().peekable();
    while let Some(first) = rest.next_if(|name| matches!(name.as_str(), "crate" | "self" | "super")) {
        base = Some(match (first.as_str(), base) {
            ("crate", _) => Vec::new(),
            ("super", base) => {
                let mut base = base.unwrap_or_else(|| module.to_vec());
                base.pop();
                base
            }
            (_, base) => base.unwrap_or_else(|| module.to_vec()),
        });
    }
    match base {
        Some(mut base) => {
            base.extend(rest.cloned());
            (base, true)
        }
        None => (path, false),
    }
}

/// Whether an attribute is `#[cfg(test)]`, or `#[cfg(all(test, …))]`, or marks a test itself.
fn only_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let list = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
        path.is_ident("test")
            || (path.is_ident("cfg") && (list == "test" || list.replace(' ', "").starts_with("all(test,")))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::ExternCrate(_)
        | Item::ForeignMod(_)
        | Item::TraitAlias(_)
        | Item::Union(_)
        | Item::Verbatim(_)
        | _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, module: &[&str]) -> Vec<String> {
        let module: Vec<String> = module.iter().map(ToString::to_string).collect();
        let uses = uses(text, Path::new("x.rs"), &module).unwrap();
        let mut lines: Vec<String> = uses
            .iter()
            .filter(|one| one.internal)
            .map(|one| format!("{} {}", one.line, one.path.join("::")))
            .collect();
        lines.sort();
        lines
    }

    #[test]
    fn groups_renames_and_globs_are_taken_apart() {
        let text = "use crate::{hub::{Hub, outbox as o}, store::*};";
        assert_eq!(found(text, &["http"]), ["1 hub::Hub", "1 hub::outbox", "1 store"]);
    }

    #[test]
    fn super_is_counted_from_the_module_also_inside_inline_ones() {
        let text = "use super::rooms;\nmod inner { fn f() { super::super::super::hub::f() } }";
        assert_eq!(found(text, &["http", "websocket"]), ["1 http::rooms", "2 hub::f"]);
    }

    #[test]
    fn paths_in_bodies_types_and_macro_calls_are_found() {
        let text = "fn f(x: crate::a::A) {\n crate::b::g();\n println!(\"{}\", [crate::c::h()]);\n}";
        assert_eq!(found(text, &["node"]), ["1 a::A", "2 b::g", "3 c::h"]);
    }

    #[test]
    fn code_for_tests_and_text_are_left_out() {
        let text = "#[cfg(test)]\nuse crate::store;\n#[cfg(all(test, unix))]\nmod t { use crate::hub; }\n// use crate::x;\nconst S: &str = \"crate::y::z\";";
        assert_eq!(found(text, &["node"]), Vec::<String>::new());
    }

    #[test]
    fn another_crate_is_no_inner_module() {
        let uses = uses("use tidings_client::Client;", Path::new("x.rs"), &[]).unwrap();
        assert_eq!(uses[0].path, ["tidings_client", "Client"]);
        assert!(!uses[0].internal);
    }
}
