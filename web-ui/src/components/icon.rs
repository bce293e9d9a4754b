//! Line icons on a grid of 24, drawn in the colour of the text.

use leptos::prelude::*;

/// The icons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Icon {
    Alert,
    Back,
    Bell,
    Check,
    CheckTwice,
    Chevron,
    Clock,
    Close,
    Compass,
    Copy,
    Edit,
    Hash,
    Keyboard,
    Leave,
    Lock,
    Megaphone,
    Message,
    Plus,
    Reply,
    Send,
    Smile,
    Trash,
    UserPlus,
    Users,
    Wifi,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Alert => "M12 4 3 20h18L12 4zM12 10v4.5M12 17.2v.1",
            Self::Back => "M14.5 5.5 8 12l6.5 6.5",
            Self::Bell => {
                "M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 2H5l1.5-2zM10 20.5a2.2 2.2 0 0 0 4 0M12 5.5V3.8"
            }
            Self::Check => "M5 12.5 10 17.5 19.5 7",
            Self::CheckTwice => "M2 12.7 6.6 17.2 15.6 7.2M11 16.2l1 1L21.5 7.2",
            Self::Chevron => "M6 9.5l6 6 6-6",
            Self::Clock => "M12 3.8a8.2 8.2 0 1 1 0 16.4 8.2 8.2 0 0 1 0-16.4zM12 7.5V12l3 2",
            Self::Close => "M6 6l12 12M18 6 6 18",
            Self::Compass => {
                "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM15.8 8.2l-2 5.6-5.6 2 2-5.6 5.6-2z"
            }
            Self::Copy => "M9 9h10.5v10.5H9zM5 15H4.5V4.5H15V5",
            Self::Edit => "M4.5 19.5l1-4.5L16.5 4l3.5 3.5L9 18.5l-4.5 1zM14 6.5 17.5 10",
            Self::Hash => "M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h15.5M4 15h15.5",
            Self::Keyboard => "M3 6.5h18v11H3zM7 10h.1M10.3 10h.1M13.7 10h.1M17 10h.1M8 14h8",
            Self::Leave => "M13 4.5H5v15h8M9.5 12H20M16.5 8.5 20 12l-3.5 3.5",
            Self::Lock => "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
            Self::Megaphone => {
                "M4 10v4h3l9 4.5v-13L7 10H4zM8 14l1.2 5.5h2.3L10.3 15M19 9.5a3.5 3.5 0 0 1 0 5"
            }
            Self::Message => "M4 5.5h16v11h-8L7.5 20v-3.5H4z",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Reply => "M9.5 6 4 11.5 9.5 17M4.5 11.5H14a6 6 0 0 1 6 6v.5",
            Self::Send => "M4 12 20 4.5 14.5 20l-3-6.5L4 12zM11.5 13.5 20 4.5",
            Self::Smile => {
                "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM8.3 14a4.3 4.3 0 0 0 7.4 0M9 9.6h.1M15 9.6h.1"
            }
            Self::Trash => "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 12.5h9.4L17.5 7M10.2 10.5v5.5M13.8 10.5v5.5",
            Self::UserPlus => {
                "M9.5 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM3 19.5a6.5 6.5 0 0 1 13 0M19 8v6M16 11h6"
            }
            Self::Users => {
                "M9 4.8a3.4 3.4 0 1 1 0 6.8 3.4 3.4 0 0 1 0-6.8zM2.8 19.5a6.2 6.2 0 0 1 12.4 0M15.5 5.2a3.3 3.3 0 0 1 0 6.2M17.5 14a6.2 6.2 0 0 1 3.8 5.5"
            }
            Self::Wifi => {
                "M4 4l16 16M8.5 15.5a5 5 0 0 1 7 0M5.5 12.2a9.3 9.3 0 0 1 4-2.3M2.5 8.8A13.5 13.5 0 0 1 6 6.6M11 6a13.5 13.5 0 0 1 10.5 2.8M14.5 10a9.3 9.3 0 0 1 4 2.2M12 19v.1"
            }
        }
    }
}

/// An icon. It says nothing to a screen reader: what it stands for is told by the control around it.
#[component]
pub(super) fn Glyph(
    #[prop(into)] icon: Signal<Icon>,
    #[prop(default = "")] size: &'static str,
) -> impl IntoView {
    view! {
        <svg class="td-icon" viewBox="0 0 24 24" aria-hidden="true" data-size=size>
            <path d=move || icon.get().path()></path>
        </svg>
    }
}
