//! A message's text as a tree: the subset of Markdown that people use in chat. No HTML comes out of it, and none goes
//! in: a tag is shown as the text it is.

mod link;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd, TextMergeStream};

pub use link::safe_href;

/// Deeper nesting than this is flattened, so that no message can exhaust the stack.
const DEEPEST: usize = 8;

/// A block of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Text.
    Paragraph(Vec<Inline>),
    /// Code with its language, which may be empty.
    Code {
        /// What the author wrote after the fence.
        language: String,
        /// The code.
        text: String,
    },
    /// A quotation.
    Quote(Vec<Block>),
    /// A list, numbered where it has a start.
    List {
        /// The first number.
        start: Option<u64>,
        /// The items.
        items: Vec<Vec<Block>>,
    },
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Plain text.
    Text(String),
    /// Bold.
    Strong(Vec<Inline>),
    /// Italic.
    Emphasis(Vec<Inline>),
    /// Struck through.
    Strike(Vec<Inline>),
    /// Code.
    Code(String),
    /// A link that is safe to follow.
    Link {
        /// Where to.
        href: String,
        /// What is shown.
        inner: Vec<Inline>,
    },
    /// A new line.
    Break,
}

/// Reads a message.
#[must_use]
pub fn parse(text: &str) -> Vec<Block> {
    let mut stack = vec![Frame::new(Open::Flat)];
    for event in TextMergeStream::new(Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH)) {
        match event {
            Event::Start(tag) => {
                let open = if stack.len() > DEEPEST { Open::Flat } else { Open::of(tag) };
                stack.push(Frame::new(open));
            }
            Event::End(_) => close(&mut stack),
            Event::Text(text) => add_text(&mut stack, &text),
            Event::Html(text) | Event::InlineHtml(text) => add(&mut stack, Inline::Text(text.into_string())),
            Event::Code(code) => add(&mut stack, Inline::Code(code.into_string())),
            Event::SoftBreak | Event::HardBreak => add(&mut stack, Inline::Break),
            Event::Rule => add(&mut stack, Inline::Text("———".to_owned())),
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                add(&mut stack, Inline::Text(text.into_string()));
            }
            Event::TaskListMarker(_) => {}
        }
    }
    while stack.len() > 1 {
        close(&mut stack);
    }
    stack.pop().map(Frame::into_blocks).unwrap_or_default()
}

/// The text without its marks, for previews: one line.
#[must_use]
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "all that is no text is left out, whatever the parser learns"
)]
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                out.push_str(&text)
            }
            // Within a line: what follows may be of the same word.
            Event::End(
                TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image,
            ) => {}
            Event::SoftBreak | Event::HardBreak | Event::End(_) if !out.ends_with(' ') => out.push(' '),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many emojis a message consists of, where it is nothing else and at most three.
#[must_use]
pub fn big_emoji(text: &str) -> Option<u8> {
    let mut count = 0_u8;
    let mut joined = false;
    let mut half_flag = false;
    for c in text.trim().chars() {
        match u32::from(c) {
            0x200d => joined = true,
            0xfe0f | 0x1f3fb..=0x1f3ff if count > 0 => {}
            0x1f1e6..=0x1f1ff => {
                half_flag = !half_flag;
                count += u8::from(half_flag);
            }
            0x1f300..=0x1faff | 0x2600..=0x27bf => {
                count += u8::from(!joined);
                joined = false;
            }
            _ => return None,
        }
        if count > 3 {
            return None;
        }
    }
    (count > 0).then_some(count)
}

enum Open {
    Flat,
    Paragraph,
    Heading,
    Quote,
    List(Option<u64>),
    Item,
    Code(String),
    Strong,
    Emphasis,
    Strike,
    Link(Option<String>),
}

impl Open {
    #[allow(clippy::wildcard_enum_match_arm, reason = "what is not in the subset is shown as plain text")]
    fn of(tag: Tag<'_>) -> Self {
        match tag {
            Tag::Paragraph => Self::Paragraph,
            Tag::Heading { .. } => Self::Heading,
            Tag::BlockQuote(_) => Self::Quote,
            Tag::List(start) => Self::List(start),
            Tag::Item => Self::Item,
            Tag::CodeBlock(CodeBlockKind::Fenced(language)) => Self::Code(language.into_string()),
            Tag::CodeBlock(CodeBlockKind::Indented) => Self::Code(String::new()),
            Tag::Strong => Self::Strong,
            Tag::Emphasis => Self::Emphasis,
            Tag::Strikethrough => Self::Strike,
            // A picture is never fetched from elsewhere: it becomes a link.
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => Self::Link(safe_href(&dest_url)),
            _ => Self::Flat,
        }
    }
}

struct Frame {
    open: Open,
    blocks: Vec<Block>,
    items: Vec<Vec<Block>>,
    inlines: Vec<Inline>,
}

impl Frame {
    const fn new(open: Open) -> Self {
        Self { open, blocks: Vec::new(), items: Vec::new(), inlines: Vec::new() }
    }

    fn push_block(&mut self, block: Block) {
        self.flush();
        self.blocks.push(block);
    }

    fn flush(&mut self) {
        if !self.inlines.is_empty() {
            self.blocks.push(Block::Paragraph(std::mem::take(&mut self.inlines)));
        }
    }

    fn into_blocks(mut self) -> Vec<Block> {
        self.flush();
        self.blocks
    }
}

fn add(stack: &mut [Frame], inline: Inline) {
    if let Some(top) = stack.last_mut() {
        top.inlines.push(inline);
    }
}

fn add_text(stack: &mut [Frame], text: &str) {
    let linked = stack.iter().any(|frame| matches!(frame.open, Open::Link(_) | Open::Code(_)));
    let Some(top) = stack.last_mut() else { return };
    if linked {
        top.inlines.push(Inline::Text(text.to_owned()));
    } else {
        top.inlines.extend(link::find(text));
    }
}

fn close(stack: &mut Vec<Frame>) {
    let Some(frame) = stack.pop() else { return };
    let Some(parent) = stack.last_mut() else {
        stack.push(frame);
        return;
    };
    match frame.open {
        Open::Flat => {
            parent.inlines.extend(frame.inlines);
            for block in frame.blocks {
                parent.push_block(block);
            }
        }
        Open::Paragraph => parent.push_block(Block::Paragraph(frame.inlines)),
        Open::Heading => parent.push_block(Block::Paragraph(vec![Inline::Strong(frame.inlines)])),
        Open::Quote => parent.push_block(Block::Quote(frame.into_blocks())),
        Open::Item => parent.items.push(frame.into_blocks()),
        Open::List(start) => parent.push_block(Block::List { start, items: frame.items }),
        Open::Code(language) => {
            let text: String = frame.inlines.into_iter().filter_map(text_of).collect();
            let text = text.trim_end_matches('\n').to_owned();
            parent.push_block(Block::Code { language, text });
        }
        Open::Strong => parent.inlines.push(Inline::Strong(frame.inlines)),
        Open::Emphasis => parent.inlines.push(Inline::Emphasis(frame.inlines)),
        Open::Strike => parent.inlines.push(Inline::Strike(frame.inlines)),
        Open::Link(Some(href)) => parent.inlines.push(Inline::Link { href, inner: frame.inlines }),
        Open::Link(None) => parent.inlines.extend(frame.inlines),
    }
}

fn text_of(inline: Inline) -> Option<String> {
    if let Inline::Text(text) = inline { Some(text) } else { None }
}

#[cfg(test)]
mod tests;
