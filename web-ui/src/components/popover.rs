//! A panel that hangs on a button: the focus goes in, Escape and a click elsewhere close it, and the focus goes back.

use leptos::prelude::*;
use leptos::{ev, html};

use super::browser;

/// The panel, where it is open.
#[component]
pub(super) fn Popover(
    open: RwSignal<bool>,
    trigger: NodeRef<html::Button>,
    label: &'static str,
    class: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    view! {
        <Show when=move || open.get()>
            <Panel open=open trigger=trigger label=label class=class>
                {children.with_value(|children| children())}
            </Panel>
        </Show>
    }
}

#[component]
fn Panel(
    open: RwSignal<bool>,
    trigger: NodeRef<html::Button>,
    label: &'static str,
    class: &'static str,
    children: Children,
) -> impl IntoView {
    let panel = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(panel) = panel.get() {
            let _ = panel.focus();
        }
    });
    let elsewhere = window_event_listener(ev::pointerdown, move |event| {
        let inside = |element: &web_sys::Element| browser::is_inside(element, event.target());
        let in_panel = panel.get_untracked().is_some_and(|panel| inside(&panel));
        let in_trigger = trigger.get_untracked().is_some_and(|trigger| inside(&trigger));
        if !in_panel && !in_trigger {
            open.set(false);
        }
    });
    // On the window: a button of the panel that was pressed and is gone has left the focus nowhere.
    let by_key = window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape" {
            open.set(false);
            if let Some(trigger) = trigger.get_untracked() {
                let _ = trigger.focus();
            }
        }
    });
    on_cleanup(move || {
        elsewhere.remove();
        by_key.remove();
    });
    view! {
        <div node_ref=panel class=format!("td-popover {class}") role="dialog" aria-label=label tabindex="-1">
            {children()}
        </div>
    }
}
