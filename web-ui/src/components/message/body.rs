//! A message's text as views. No HTML is ever made of text.

use leptos::prelude::*;

use crate::state::markdown::{Block, Inline, parse};

/// The text.
#[component]
pub(super) fn Body(text: String) -> impl IntoView {
    view! { <div class="td-body">{blocks(parse(&text))}</div> }
}

fn blocks(list: Vec<Block>) -> Vec<AnyView> {
    list.into_iter().map(block).collect()
}

fn block(block: Block) -> AnyView {
    match block {
        Block::Paragraph(inner) => view! { <p>{inlines(inner)}</p> }.into_any(),
        Block::Code { language, text } => {
            let label = if language.is_empty() { "Code".to_owned() } else { format!("Code, {language}") };
            // A block that scrolls sideways must be reachable by the keyboard.
            view! { <pre class="td-code" tabindex="0" role="region" aria-label=label><code>{text}</code></pre> }.into_any()
        }
        Block::Quote(inner) => view! { <blockquote>{blocks(inner)}</blockquote> }.into_any(),
        Block::List { start, items } => {
            let items = items.into_iter().map(|item| view! { <li>{blocks(item)}</li> }).collect_view();
            match start {
                Some(start) => view! { <ol start=start.to_string()>{items}</ol> }.into_any(),
                None => view! { <ul>{items}</ul> }.into_any(),
            }
        }
    }
}

fn inlines(list: Vec<Inline>) -> Vec<AnyView> {
    list.into_iter().map(inline).collect()
}

fn inline(inline: Inline) -> AnyView {
    match inline {
        Inline::Text(text) => text.into_any(),
        Inline::Strong(inner) => view! { <strong>{inlines(inner)}</strong> }.into_any(),
        Inline::Emphasis(inner) => view! { <em>{inlines(inner)}</em> }.into_any(),
        Inline::Strike(inner) => view! { <s>{inlines(inner)}</s> }.into_any(),
        Inline::Code(text) => view! { <code>{text}</code> }.into_any(),
        Inline::Link { href, inner } => {
            view! { <a href=href target="_blank" rel="noopener noreferrer nofollow ugc">{inlines(inner)}</a> }
                .into_any()
        }
        Inline::Break => view! { <br /> }.into_any(),
    }
}
