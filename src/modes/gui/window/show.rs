//! How the model is shown, and the settings.

use std::rc::Rc;

use fltk::app;
use fltk::enums::ColorDepth;
use fltk::image::{PngImage, RgbImage};
use fltk::prelude::*;

use super::look::{self, row_height};
use super::style::{self, rows_needed};
use super::{Window, rgb};
use crate::modes::gui::badge::badge;
use crate::modes::gui::limits::{name_words, text_words};
use crate::modes::gui::model::Model;
use crate::modes::gui::talk::Field;

const ICON: &[u8] = include_bytes!("../../../../assets/icon-64.png");
/// What rooms take at most unless they were told otherwise, in characters.
const USUAL_NAME: usize = 8;

/// What was shown last, so that only what changed is touched.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Shown {
    title: String,
    room: String,
    hint: Option<(Field, String)>,
    asks_key: bool,
    is_in: Option<bool>,
    fields: bool,
    status: String,
    connected: bool,
    offline: bool,
    limit: String,
    find: String,
    width: i32,
    input_rows: i32,
}

impl Window {
    /// Shows what the model holds now.
    pub fn show(&mut self) {
        let model = Rc::clone(&self.model);
        let model = model.borrow();
        let now = self.now(&model);
        let revision = model.revision();
        let (unread, mentions) = model.unread();
        self.here.show(self.people(&model));
        drop(model);
        if (unread, mentions) != self.badge {
            self.show_badge(unread, mentions);
        }
        if now != self.shown {
            self.apply_shown(&now);
            self.shown = now;
        }
        // Drawing is what wakes the loop: without this it would never rest.
        if self.revision != Some(revision) {
            self.revision = Some(revision);
            self.transcript.refresh();
        }
    }

    fn now(&self, model: &Model) -> Shown {
        let is_in = model.is_in();
        let fields = !is_in || self.switching;
        let text = self.message.value();
        let name_limit = model.name_limit().unwrap_or(USUAL_NAME);
        let hint = model.hint().map(|(field, text)| (field, text.to_string()));
        let name = self.name.value();
        // While the room has not spoken, what is usual is told before it is hit.
        let hint = hint.or_else(|| {
            let words = name_words(&name, name_limit).filter(|_| fields)?;
            let usual = model.name_limit().is_none();
            let words = match usual {
                true => format!("Name: {words} (what rooms usually take)"),
                false => format!("Name: {words}"),
            };
            Some((Field::Message, words))
        });
        Shown {
            title: model.title(),
            room: match (model.room(), model.me()) {
                (Some((room, at)), Some(me)) => format!("{room} @ {at}   you are {me}"),
                _ => String::new(),
            },
            hint,
            asks_key: model.asks_key() || !self.key.value().is_empty(),
            is_in: Some(is_in),
            fields,
            status: model.status(),
            connected: model.is_connected(),
            offline: model.is_offline(),
            limit: text_words(&text).unwrap_or_default(),
            find: model.find_words(),
            width: self.frame.w(),
            input_rows: rows_needed(&text, self.message.w() - 16),
        }
    }

    fn people(&self, model: &Model) -> Vec<super::parts::Person> {
        let people = model.people().into_iter();
        let person = |person: crate::modes::gui::model::Person| super::parts::Person {
            name: person.name,
            me: person.me,
            idle: person.idle,
        };
        people.map(person).collect()
    }

    fn apply_shown(&mut self, now: &Shown) {
        let palette = look::palette();
        if now.title != self.shown.title {
            self.frame.set_label(&now.title);
        }
        if self.shown.is_in != now.is_in {
            match now.is_in {
                Some(true) => {
                    self.message.activate();
                    self.send.activate();
                }
                _ => {
                    self.message.deactivate();
                    self.send.deactivate();
                }
            }
        }
        let row = row_height();
        let field = row + 8;
        let width = now.width - 20;
        // The status, with what stands beside it.
        let dot = match (now.connected, now.is_in) {
            (true, _) => palette.good,
            (false, Some(true)) => palette.warn,
            _ => palette.idle,
        };
        let beside = if now.offline { 110 } else { 0 };
        look::use_font();
        let limit = match now.limit.is_empty() {
            true => 0,
            false => fltk::draw::width(&now.limit) as i32 + 10,
        };
        let room = width - beside - limit;
        let tall = self.status.show(&now.status, palette.text, Some(dot), room);
        let warn = match now.limit.contains("too long") {
            true => palette.wrong,
            false => palette.quiet,
        };
        self.limit.show(&now.limit, warn, None, limit);
        show_if(&mut self.limit.area, limit > 0);
        show_if(&mut self.try_now, now.offline);
        self.foot.fixed(&self.limit.area, limit);
        self.foot.fixed(&self.try_now, beside);
        let least = if now.offline { field } else { row };
        self.column
            .fixed(&self.foot, tall.min(3 * row).max(least));
        // The fields of the login, or the room.
        show_if(&mut self.key_label, now.asks_key);
        show_if(&mut self.key, now.asks_key);
        show_if(&mut self.back, now.is_in == Some(true));
        show_if(&mut self.login, now.fields);
        show_if(&mut self.header, !now.fields);
        let (name, rest) = now.room.split_at(now.room.find("   ").unwrap_or(0));
        self.room.show(
            &format!("{name}{rest}"),
            palette.text,
            None,
            (width - 330).max(120),
        );
        let wrong = now.hint.as_ref().map(|(field, _)| *field);
        let mark = |is_wrong: bool| match is_wrong {
            true => rgb(palette.wrong_field),
            false => rgb(palette.field),
        };
        self.address.set_color(mark(wrong == Some(Field::Address)));
        self.name.set_color(mark(wrong == Some(Field::Name)));
        self.key.set_color(mark(wrong == Some(Field::Key)));
        match &now.hint {
            Some((field, sentence)) => {
                let tone = match field {
                    Field::Message if !sentence.contains("too long") => palette.quiet,
                    _ => palette.wrong,
                };
                let tall = self.hint.show(sentence, tone, None, width);
                self.column.fixed(&self.hint.area, tall.min(4 * row));
                self.hint.area.show();
            }
            None => self.hint.area.hide(),
        }
        self.find.show_words(&now.find);
        self.column
            .fixed(&self.talk, now.input_rows * row + 10);
        self.relayout();
    }

    /// Gives everything its place.
    pub(super) fn relayout(&mut self) {
        let row = row_height();
        let field = row + 8;
        look::use_font();
        let wide = |words: &str| fltk::draw::width(words) as i32;
        for caption in &self.captions {
            self.login.fixed(caption, wide(&caption.label()) + 6);
        }
        self.login.fixed(&self.enter, wide("Log in") + 36);
        self.login.fixed(&self.back, wide("Back") + 28);
        self.header.fixed(&self.search, wide("Find") + 28);
        self.header.fixed(&self.settings_button, wide("Settings") + 28);
        self.header.fixed(&self.switch, wide("Switch") + 28);
        self.foot.fixed(
            &self.try_now,
            if self.try_now.visible() { wide("Try now") + 28 } else { 0 },
        );
        let pair = wide("Send") + wide("Quit") + 2 * 36 + 8;
        self.talk.fixed(&self.side, pair);
        self.column.fixed(&self.login, field);
        self.column.fixed(&self.header, field);
        self.column.fixed(&self.find.row, field);
        let side = (self.frame.w() / 5).clamp(wide("uthira (you)") + 40, 260);
        self.middle.fixed(&self.here.area, side);
        for row in [&self.login, &self.header, &self.middle, &self.talk, &self.foot] {
            row.layout();
        }
        self.find.row.layout();
        self.side.layout();
        self.column.layout();
        self.frame.redraw();
    }

    /// Gives everything the colours and letters of the settings.
    pub(super) fn restyle(&mut self) {
        let settings = self.settings.borrow().clone();
        let palette = settings.theme.palette(self.system_is_dark);
        look::set(palette, settings.font.as_deref(), settings.size);
        if let Some(scale) = settings.scale {
            app::set_screen_scale(self.frame.screen_num(), scale as f32);
        }
        self.frame.set_color(rgb(palette.window));
        for input in [&mut self.address, &mut self.name] {
            style::field(input);
        }
        style::field(&mut self.key);
        style::field(&mut self.message);
        style::scrollbar(&mut self.transcript.bar);
        for button in [
            &mut self.enter,
            &mut self.back,
            &mut self.search,
            &mut self.settings_button,
            &mut self.switch,
            &mut self.send,
            &mut self.quit,
            &mut self.try_now,
        ] {
            style::restyle_button(button);
        }
        for caption in &mut self.captions {
            style::restyle_caption(caption);
        }
        self.find.restyle();
        self.here.restyle();
        self.transcript.set_times(settings.times);
        self.shown = Shown::default();
        self.revision = None;
        self.show();
    }

    /// Shows how much is unread on the icon.
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

/// The icon's pixels, as red, green, blue and opacity, and its size.
pub(super) fn icon() -> (Vec<u8>, i32, i32) {
    let Ok(icon) = PngImage::from_data(ICON) else {
        return (Vec::new(), 0, 0);
    };
    let rgba = icon.to_rgb().and_then(|icon| icon.convert(ColorDepth::Rgba8));
    match rgba {
        Ok(icon) => (icon.to_rgb_data(), icon.data_w(), icon.data_h()),
        Err(_) => (Vec::new(), 0, 0),
    }
}

fn show_if(widget: &mut impl WidgetExt, shown: bool) {
    if shown { widget.show() } else { widget.hide() }
}
