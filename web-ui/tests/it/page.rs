//! The page keeps to the server's Content-Security-Policy: nothing inline.

const PAGE: &str = include_str!("../../static/index.html");

#[test]
fn the_page_has_no_inline_script_and_no_style() {
    for script in PAGE.split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').unwrap();
        assert!(tag.contains(" src=\"/"), "{tag}");
        assert!(rest.starts_with("</script>"), "an inline script");
    }
    for forbidden in ["<style", " style=", " onload=", " onclick=", "javascript:", "http://", "https://"] {
        assert!(!PAGE.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn the_theme_is_set_before_the_stylesheet_is_asked_for() {
    let at = |what: &str| PAGE.find(what).unwrap();
    assert!(at("/theme.js") < at("/tidings.css"));
    assert!(at("/tidings.css") < at("/start.js"));
}
