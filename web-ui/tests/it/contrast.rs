//! Contrast of every pair of colours in use, recomputed from the tokens: WCAG 2.2, 1.4.3 and 1.4.11.

use std::collections::BTreeMap;

const TOKENS: &str = include_str!("../../styles/20-tokens.css");
const TEXT: f64 = 4.5;
const SHAPE: f64 = 3.0;

/// Text on its grounds.
const TEXTS: &[(&str, &[&str])] = &[
    (
        "text",
        &[
            "bg-canvas",
            "bg-subtle",
            "bg-sidebar",
            "bg-raised",
            "bg-hover",
            "bg-selected",
            "bubble-in",
            "bg-success",
            "bg-warning",
            "bg-danger",
        ],
    ),
    (
        "text-2",
        &["bg-canvas", "bg-subtle", "bg-sidebar", "bg-raised", "bg-hover", "bg-selected", "bubble-in"],
    ),
    (
        "text-3",
        &["bg-canvas", "bg-subtle", "bg-sidebar", "bg-raised", "bg-hover", "bg-selected", "bubble-in"],
    ),
    ("text-on-out", &["bubble-out"]),
    ("text-on-accent", &["accent", "accent-hover", "danger-solid"]),
    ("link", &["bg-canvas", "bg-subtle", "bg-raised", "bg-hover", "bg-selected", "bubble-in", "bubble-out"]),
    ("danger", &["bg-canvas", "bg-sidebar", "bg-raised", "bg-danger", "bg-hover", "bg-selected"]),
    ("success", &["bg-canvas", "bg-raised", "bg-success"]),
    ("warning", &["bg-canvas", "bg-raised", "bg-warning"]),
];

/// Shapes on their grounds.
const SHAPES: &[(&str, &[&str])] = &[
    (
        "accent-line",
        &[
            "bg-canvas",
            "bg-subtle",
            "bg-sidebar",
            "bg-raised",
            "bg-hover",
            "bg-selected",
            "bubble-in",
            "bubble-out",
        ],
    ),
    ("accent", &["bg-canvas", "bg-sidebar"]),
    ("border-strong", &["bg-canvas", "bg-sidebar", "bg-raised"]),
    ("online", &["bg-canvas", "bg-sidebar", "bg-raised", "bg-hover", "bg-selected"]),
    ("away", &["bg-canvas", "bg-sidebar", "bg-raised", "bg-hover", "bg-selected"]),
];

#[test]
fn every_text_can_be_read_and_every_shape_be_seen_in_light_and_dark() {
    let tokens = tokens();
    let mut findings = Vec::new();
    for (pairs, least) in [(TEXTS, TEXT), (SHAPES, SHAPE)] {
        for (front, grounds) in pairs {
            for ground in *grounds {
                check(&tokens, front, ground, least, &mut findings);
            }
        }
    }
    for hue in 0..8 {
        check(&tokens, &format!("face-{hue}-text"), &format!("face-{hue}"), TEXT, &mut findings);
    }
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn the_formula_is_the_standards() {
    assert!((contrast([0, 0, 0], [255, 255, 255]) - 21.0).abs() < 1e-9);
    assert!((contrast([119, 119, 119], [255, 255, 255]) - 4.48).abs() < 0.01);
}

fn check(
    tokens: &BTreeMap<String, [[u8; 3]; 2]>,
    front: &str,
    ground: &str,
    least: f64,
    findings: &mut Vec<String>,
) {
    for (mode, name) in ["light", "dark"].iter().enumerate() {
        let ratio = contrast(tokens[front][mode], tokens[ground][mode]);
        if ratio < least {
            findings.push(format!("{name}: {front} on {ground} is {ratio:.2}, needs {least}"));
        }
    }
}

/// Every `--td-name: light-dark(#rrggbb, #rrggbb);` of the file.
fn tokens() -> BTreeMap<String, [[u8; 3]; 2]> {
    let mut out = BTreeMap::new();
    for line in TOKENS.lines() {
        let Some((name, value)) = line.trim().strip_prefix("--td-").and_then(|rest| rest.split_once(':'))
        else {
            continue;
        };
        let Some(inner) = value.trim().strip_prefix("light-dark(#") else { continue };
        let (light, dark) = inner.trim_end_matches(");").split_once(", #").unwrap();
        out.insert(name.to_owned(), [colour(light), colour(dark)]);
    }
    assert!(out.len() > 40, "the tokens were not found");
    out
}

fn colour(hex: &str) -> [u8; 3] {
    assert_eq!(hex.len(), 6, "{hex}");
    [0, 2, 4].map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
}

fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: [u8; 3]) -> f64 {
    let [r, g, b] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}
