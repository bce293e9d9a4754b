//! What the subset does, and what can't be smuggled through it.

use super::*;

fn text(text: &str) -> Inline {
    Inline::Text(text.to_owned())
}

/// Every address that a message would link to.
fn hrefs(blocks: &[Block]) -> Vec<String> {
    fn inlines(list: &[Inline], out: &mut Vec<String>) {
        for inline in list {
            match inline {
                Inline::Link { href, inner } => {
                    out.push(href.clone());
                    inlines(inner, out);
                }
                Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => {
                    inlines(inner, out)
                }
                Inline::Text(_) | Inline::Code(_) | Inline::Break => {}
            }
        }
    }
    fn walk(blocks: &[Block], out: &mut Vec<String>) {
        for block in blocks {
            match block {
                Block::Paragraph(list) => inlines(list, out),
                Block::Quote(inner) => walk(inner, out),
                Block::List { items, .. } => items.iter().for_each(|item| walk(item, out)),
                Block::Code { .. } => {}
            }
        }
    }
    let mut out = Vec::new();
    walk(blocks, &mut out);
    out
}

#[test]
fn the_subset_is_read() {
    assert_eq!(
        parse("**a** *b* ~~c~~ `d`\ne"),
        [Block::Paragraph(vec![
            Inline::Strong(vec![text("a")]),
            text(" "),
            Inline::Emphasis(vec![text("b")]),
            text(" "),
            Inline::Strike(vec![text("c")]),
            text(" "),
            Inline::Code("d".into()),
            Inline::Break,
            text("e"),
        ])]
    );
    assert_eq!(
        parse("> q\n\n- one\n- two\n\n```rust\nlet a = 1;\n```"),
        [
            Block::Quote(vec![Block::Paragraph(vec![text("q")])]),
            Block::List {
                start: None,
                items: vec![
                    vec![Block::Paragraph(vec![text("one")])],
                    vec![Block::Paragraph(vec![text("two")])]
                ]
            },
            Block::Code { language: "rust".into(), text: "let a = 1;".into() },
        ]
    );
}

#[test]
fn a_tag_is_shown_as_the_text_it_is() {
    assert_eq!(
        parse("a <b>c</b>"),
        [Block::Paragraph(vec![text("a "), text("<b>"), text("c"), text("</b>")])]
    );
    assert_eq!(
        parse("<script>alert(1)</script>"),
        [Block::Paragraph(vec![text("<script>alert(1)</script>")])]
    );
}

#[test]
fn only_the_web_and_mailboxes_are_linked() {
    let attacks = [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](<java\u{a0}script:alert(1)>)",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:msgbox)",
        "[x](file:///etc/passwd)",
        "[x](//evil.example)",
        "[x](/relative)",
        "![x](javascript:alert(1))",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
        "http://",
    ];
    for attack in attacks {
        assert_eq!(hrefs(&parse(attack)), Vec::<String>::new(), "{attack}");
    }
    assert_eq!(
        hrefs(&parse("[x](https://a.example/ok) <mailto:a@b.example>")),
        ["https://a.example/ok", "mailto:a@b.example"]
    );
}

#[test]
fn bare_addresses_become_links_without_their_full_stop() {
    assert_eq!(
        hrefs(&parse("see https://a.example/x_(y). And http://b.example, too")),
        ["https://a.example/x_(y)", "http://b.example"]
    );
    assert_eq!(hrefs(&parse("(https://a.example)")), ["https://a.example"]);
    assert_eq!(hrefs(&parse("`https://a.example`")), Vec::<String>::new());
}

#[test]
fn deep_nesting_is_flattened_and_nothing_is_lost() {
    let deep = format!("{}end", "> ".repeat(5_000));
    fn depth(blocks: &[Block]) -> usize {
        blocks
            .iter()
            .map(|b| if let Block::Quote(inner) = b { 1 + depth(inner) } else { 0 })
            .max()
            .unwrap_or(0)
    }
    let blocks = parse(&deep);
    assert!(depth(&blocks) <= DEEPEST);
    assert!(format!("{blocks:?}").contains("end"));
}

#[test]
fn a_preview_is_one_plain_line() {
    assert_eq!(plain("**Hi**\n\n- a\n- `b`"), "Hi a b");
    assert_eq!(plain("Is it *now*? ~~No~~, **to**morrow"), "Is it now? No, tomorrow");
}

#[test]
fn a_few_emojis_alone_are_large() {
    assert_eq!(big_emoji("🎉"), Some(1));
    assert_eq!(big_emoji("👩‍💻 "), Some(1));
    assert_eq!(big_emoji("👍🏽🇩🇪❤️"), Some(3));
    assert_eq!(big_emoji("🎉🎉🎉🎉"), None);
    assert_eq!(big_emoji("hi 🎉"), None);
    assert_eq!(big_emoji("7"), None);
    assert_eq!(big_emoji(""), None);
}
