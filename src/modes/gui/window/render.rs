//! The rendering of the model and the settings into the widgets.

use std::rc::Rc;

use fltk::app;
use fltk::enums::ColorDepth;
use fltk::image::{PngImage, RgbImage};
use fltk::prelude::*;

use super::appearance::{self, field_height, row_height};
use super::fitting::fitting;
use super::parts::Ink;
use super::style::{self, button_width, caption_width, message_height};
use super::{Window, rgb};
use crate::modes::gui::model::Model;
use crate::modes::gui::model::commands::to_be_said;
use crate::modes::gui::model::limits::name_words;
use crate::modes::gui::model::limits::text_words;
use crate::modes::gui::rooms::JoinableRoom;
use crate::modes::gui::talk::Field;
use crate::modes::gui::text::drawable;
use crate::modes::gui::window::badge::badge;
use crate::name::extent;

const ICON: &[u8] = include_bytes!("../../../../assets/icons/hicolor/64x64/apps/chatroom.png");
/// The longest name that rooms usually accept, in characters.
const USUAL_NAME: usize = 8;

/// The state rendered last, so that only changes touch the widgets.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Rendered {
    title: String,
    /// The room and our name in it, from the longest form to the shortest.
    room: Vec<String>,
    hint: Option<(Field, String)>,
    asks_key: bool,
    pub(super) is_in: Option<bool>,
    may_write: bool,
    /// The session is over; the fields stay shown.
    over: bool,
    fields: bool,
    status: String,
    connected: bool,
    offline: bool,
    limit: String,
    pub(super) rooms: Vec<JoinableRoom>,
    has_rooms: bool,
    find: String,
    width: i32,
    height: i32,
    pub(super) input_height: i32,
}

impl Rendered {
    /// Returns whether the window's size differs from the rendered one.
    pub(super) fn is_another_size(&self, width: i32, height: i32) -> bool {
        (self.width, self.height) != (width, height)
    }

    /// The width of the rows, in pixels.
    fn inner_width(&self) -> i32 {
        self.width - 20
    }
}

impl Window {
    /// Shows the model's present state.
    pub fn show(&mut self) {
        let model = Rc::clone(&self.model);
        let model = model.borrow();
        let now = self.rendering_of(&model);
        let revision = model.revision();
        let (unread, mentions) = model.unread();
        self.middle.members.show(model.people());
        drop(model);
        if (unread, mentions) != self.badge {
            self.show_badge(unread, mentions);
        }
        if now != self.rendered {
            let before = std::mem::replace(&mut self.rendered, now);
            self.apply_changes(&before);
        }
        // Drawing wakes the loop, which would never rest without this.
        if self.revision != Some(revision) {
            self.revision = Some(revision);
            self.middle.transcript.refresh();
        }
    }

    /// The rendering that the model, the fields and the window's size call for.
    fn rendering_of(&self, model: &Model) -> Rendered {
        let is_in = model.is_in();
        let fields = !is_in || self.switching || model.is_over();
        let text = self.compose.message.value();
        let name_limit = model.name_limit().unwrap_or(USUAL_NAME);
        let hint = model.hint().map(|(field, text)| (field, text.to_string()));
        let name = self.login.name.value();
        // Before the room has named its limit the usual one is announced, unless this room has
        // accepted a name of that length.
        let is_accepted = model.me().is_some_and(|me| {
            let usual =
                model.name_limit().is_none() && model.is_at(&self.login.address.value(), me);
            name.trim() == me || usual && extent(&name).0 <= extent(me).0
        });
        let hint = hint.or_else(|| {
            let words = name_words(&name, name_limit).filter(|_| fields && !is_accepted)?;
            let usual = model.name_limit().is_none();
            let words = if usual {
                format!("Name: {words} (the usual limits)")
            } else {
                format!("Name: {words}")
            };
            Some((Field::Message, words))
        });
        let hint = hint.or_else(|| {
            let words = model.rooms_words().filter(|_| fields)?;
            Some((Field::Message, words.to_string()))
        });
        Rendered {
            title: model.title(),
            room: match (model.room(), model.me()) {
                (Some((room, at)), Some(me)) => {
                    let words = [
                        format!("{room} @ {at}   you are {me}"),
                        format!("{room} @ {at}   {me}"),
                        format!("{room}   {me}"),
                        // If it is cut off, our name is what is left.
                        format!("{me}   {room}"),
                    ];
                    words.map(|w| drawable(&w).replace('\n', " ")).to_vec()
                }
                _ => Vec::new(),
            },
            hint,
            asks_key: model.asks_key() || !self.login.key.value().is_empty(),
            is_in: Some(is_in),
            may_write: model.may_write(),
            over: model.is_over(),
            fields,
            status: model.status(),
            connected: model.is_connected(),
            offline: model.is_offline(),
            limit: text_words(to_be_said(&text)).unwrap_or_default(),
            rooms: if fields {
                model.offers(self.rooms_open)
            } else {
                Vec::new()
            },
            has_rooms: fields && model.has_offers(),
            find: model.find_words(),
            width: self.frame.w(),
            height: self.frame.h(),
            input_height: message_height(&text, self.compose.message.w()),
        }
    }

    /// Applies what is to be shown now to the widgets.
    fn apply_changes(&mut self, before: &Rendered) {
        let now = &self.rendered.clone();
        if now.title != before.title {
            self.frame.set_label(&now.title);
        }
        activate_if(&mut self.compose.message, now.may_write);
        activate_if(&mut self.compose.send, now.is_in == Some(true));
        let foot = self.apply_foot(now);
        self.apply_login(now);
        self.apply_header(now);
        style::paint_field(&mut self.compose.message);
        let hint = self.apply_hint(now);
        self.fit_rooms(now, foot + hint);
        self.find.show_result(&now.find);
        self.column.fixed(&self.compose.row, now.input_height);
        self.relayout();
    }

    /// Applies the status line and what stands beside it. Returns its height in pixels.
    fn apply_foot(&mut self, now: &Rendered) -> i32 {
        let row = row_height();
        let dot: Ink = match (now.connected, now.is_in) {
            (true, _) => |p| p.good,
            (false, Some(true)) => |p| p.warn,
            _ => |p| p.idle,
        };
        let (try_now, limit) = self.widths_beside_status(now);
        let room = now.inner_width() - try_now - limit;
        let status = &mut self.foot.status;
        let tall = status.show(&now.status, |p| p.text, Some(dot), room);
        let ink: Ink = if is_too_long(&now.limit) {
            |p| p.wrong
        } else {
            |p| p.quiet
        };
        self.foot.limit.show(&now.limit, ink, None, limit.max(1));
        show_if(&mut self.foot.limit.area, limit > 0);
        show_if(&mut self.foot.try_now, now.offline);
        let least = if now.offline { field_height() } else { row };
        let foot = tall.min(3 * row).max(least);
        self.column.fixed(&self.foot.row, foot);
        foot
    }

    /// Applies the login's fields.
    fn apply_login(&mut self, now: &Rendered) {
        let login = &mut self.login;
        show_if(&mut login.key_label, now.asks_key);
        show_if(&mut login.key, now.asks_key);
        show_if(&mut login.recent, now.has_rooms);
        show_if(&mut login.back, now.is_in == Some(true) && !now.over);
        show_if(&mut login.row, now.fields);
        let wrong = now.hint.as_ref().map(|(field, _)| *field);
        style::paint_login_field(&mut login.address, wrong == Some(Field::Address));
        style::paint_login_field(&mut login.name, wrong == Some(Field::Name));
        style::paint_login_field(&mut login.key, wrong == Some(Field::Key));
    }

    /// Applies the room's name and the buttons beside it.
    fn apply_header(&mut self, now: &Rendered) {
        let header = &mut self.header;
        show_if(&mut header.row, !now.fields);
        let buttons = [&header.find, &header.settings, &header.switch];
        let buttons: i32 = buttons.iter().map(|b| button_width(&b.label()) + 8).sum();
        let room = fitting(&now.room, f64::from(now.inner_width() - buttons));
        header.room.show(&room, |p| p.text, None, 10_000);
    }

    /// Applies the hint. Returns the height in pixels that it takes, with the space below it.
    fn apply_hint(&mut self, now: &Rendered) -> i32 {
        let Some((field, sentence)) = &now.hint else {
            self.hint.area.hide();
            return 0;
        };
        let ink: Ink = match field {
            Field::Message if !is_too_long(sentence) => |p| p.quiet,
            _ => |p| p.wrong,
        };
        let tall = self.hint.show(sentence, ink, None, now.inner_width());
        let tall = tall.min(4 * row_height());
        self.column.fixed(&self.hint.area, tall);
        self.hint.area.show();
        tall + 8
    }

    /// The widths of the button and the limit beside the status line, in pixels.
    fn widths_beside_status(&self, now: &Rendered) -> (i32, i32) {
        let try_now = if now.offline {
            button_width("Try now")
        } else {
            0
        };
        let limit = if now.limit.is_empty() {
            0
        } else {
            caption_width(&now.limit)
        };
        (try_now, limit)
    }

    /// Lays out all widgets.
    pub(super) fn relayout(&mut self) {
        for caption in &self.login.captions {
            self.login
                .row
                .fixed(caption, caption_width(&caption.label()));
        }
        let wide = |button: &fltk::button::Button| button_width(&button.label());
        for button in [&self.login.recent, &self.login.log_in, &self.login.back] {
            self.login.row.fixed(button, wide(button));
        }
        for button in [
            &self.header.find,
            &self.header.settings,
            &self.header.switch,
        ] {
            self.header.row.fixed(button, wide(button));
        }
        let (try_now, limit) = self.widths_beside_status(&self.rendered.clone());
        self.foot.row.fixed(&self.foot.try_now, try_now);
        self.foot.row.fixed(&self.foot.limit.area, limit);
        let field = field_height();
        let pair = button_width("Send") + button_width("Quit") + 24;
        self.compose.row.fixed(&self.compose.side, pair);
        self.compose.side.fixed(&self.compose.buttons, field + 2);
        for row in [&self.login.row, &self.header.row, &self.find.row] {
            self.column.fixed(row, field);
        }
        let side = (self.frame.w() / 5).clamp(caption_width("uthira (you)") + 20, 260);
        // A narrow window is for reading.
        show_if(
            &mut self.middle.members.area,
            self.frame.w() > 36 * appearance::size(),
        );
        self.middle.row.fixed(&self.middle.members.area, side);
        self.middle
            .transcript_row
            .fixed(&self.middle.transcript.bar, appearance::bar_width());
        for row in [
            &self.login.row,
            &self.header.row,
            &self.middle.row,
            &self.middle.transcript_row,
            &self.compose.row,
            &self.foot.row,
        ] {
            row.layout();
        }
        self.find.row.layout();
        self.compose.side.layout();
        self.column.layout();
        self.frame.redraw();
    }

    /// Applies the settings' colours and fonts everywhere.
    pub(super) fn restyle(&mut self) {
        let settings = self.settings.borrow().clone();
        let palette = settings.theme.palette(self.system_is_dark);
        appearance::set(palette, settings.font.as_deref(), settings.size);
        let screen = self.frame.screen_num();
        let scale = settings
            .scale
            .map_or(self.screen_scale, |scale| scale as f32);
        if app::screen_scale(screen) != scale {
            app::set_screen_scale(screen, scale);
        }
        self.frame.set_color(rgb(palette.window));
        style::scrollbar(&mut self.middle.transcript.bar);
        for caption in &mut self.login.captions {
            style::restyle(caption);
        }
        self.find.restyle();
        if let Some(dialog) = self.dialog.as_mut().filter(|dialog| dialog.is_open()) {
            dialog.show(&settings);
            dialog.restyle();
        }
        self.middle.members.area.redraw();
        self.rooms.area.redraw();
        self.middle.transcript.set_times(settings.times);
        self.rendered = Rendered::default();
        self.revision = None;
        self.show();
    }

    /// Shows the numbers of unread messages and mentions on the icon.
    pub(super) fn show_badge(&mut self, unread: usize, mentions: usize) {
        self.badge = (unread, mentions);
        let (pixels, width, height) = &self.icon;
        if pixels.is_empty() {
            return;
        }
        let painted = badge(pixels, *width as usize, *height as usize, unread, mentions);
        if let Ok(icon) = RgbImage::new(&painted, *width, *height, ColorDepth::Rgba8) {
            self.frame.set_icon(Some(icon));
        }
    }
}

/// The icon's pixels, as red, green, blue and opacity, with its size.
pub(super) fn icon() -> (Vec<u8>, i32, i32) {
    let Ok(icon) = PngImage::from_data(ICON) else {
        return (Vec::new(), 0, 0);
    };
    let rgba = icon
        .to_rgb()
        .and_then(|icon| icon.convert(ColorDepth::Rgba8));
    match rgba {
        Ok(icon) => (icon.to_rgb_data(), icon.data_w(), icon.data_h()),
        Err(_) => (Vec::new(), 0, 0),
    }
}

/// Returns whether these words about a limit say that it is passed.
fn is_too_long(words: &str) -> bool {
    words.contains("too long")
}

pub(super) fn show_if(widget: &mut impl WidgetExt, shown: bool) {
    if shown { widget.show() } else { widget.hide() }
}

fn activate_if(widget: &mut impl WidgetExt, active: bool) {
    match active {
        true if !widget.active() => widget.activate(),
        false if widget.active() => widget.deactivate(),
        _ => {}
    }
}
