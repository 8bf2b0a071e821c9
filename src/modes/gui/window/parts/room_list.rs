//! The list of rooms that can be joined: those that were used before, and those on this network.

use std::cell::RefCell;
use std::rc::Rc;

use fltk::app::{self, MouseWheel};
use fltk::draw;
use fltk::enums::{Event, FrameType, Key};
use fltk::prelude::*;
use fltk::widget::Widget;

use crate::modes::gui::rooms::{JoinableRoom, MAX_FOUND};
use crate::modes::gui::text::presentable;
use crate::modes::gui::window::fitting::shortened;
use crate::modes::gui::window::style::draw_focus;
use crate::modes::gui::window::{appearance, rgb};

/// Space at the left and right edge, and between the parts of a line.
const MARGIN: i32 = 8;
/// Space above and below the lines.
const EDGE: i32 = 3;

/// What somebody did with the list.
pub enum Picked {
    /// Chose a room.
    Room(Box<JoinableRoom>),
    /// Wants to be elsewhere.
    Away,
}

/// The rooms: scrolled by the wheel, walked by the arrow keys; a click or Enter picks one. What is
/// chosen stays chosen while others come and go; if it goes itself, nothing is until the next key.
#[derive(Clone)]
pub struct RoomList {
    /// For the layout.
    pub area: Widget,
    list: Rc<RefCell<List>>,
    pick: Rc<RefCell<Pick>>,
}

type Pick = Box<dyn FnMut(Picked)>;

#[derive(Default)]
struct List {
    offers: Vec<JoinableRoom>,
    /// What stands in its lines: a heading, or the number of an offer.
    lines: Vec<Line>,
    /// How many lines are above the upper edge.
    above: usize,
    /// The offer that is chosen.
    at: Option<usize>,
    /// Where the arrow keys go on.
    near: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Line {
    Used,
    Found,
    Offer(usize),
}

impl Default for RoomList {
    fn default() -> RoomList {
        RoomList::new()
    }
}

impl RoomList {
    /// No rooms yet.
    pub fn new() -> RoomList {
        let mut area = Widget::default();
        area.set_frame(FrameType::FlatBox);
        let list = Rc::new(RefCell::new(List::default()));
        let to_draw = Rc::clone(&list);
        area.draw(move |area| to_draw.borrow_mut().draw(area));
        area.hide();
        let pick: Pick = Box::new(|_| {});
        let rooms = RoomList {
            area,
            list,
            pick: Rc::new(RefCell::new(pick)),
        };
        let mut this = rooms.clone();
        rooms
            .area
            .clone()
            .handle(move |_, event| this.handle(event));
        rooms
    }

    /// Shows these rooms; the height in pixels that they need is the answer.
    pub fn show(&mut self, offers: &[JoinableRoom]) -> i32 {
        let mut list = self.list.borrow_mut();
        if list.offers != offers {
            list.set(offers);
            self.area.redraw();
        }
        list.lines.len() as i32 * appearance::row_height() + 2 * EDGE
    }

    /// Sets the callback for a choice.
    pub fn on_pick(&mut self, pick: impl FnMut(Picked) + 'static) {
        *self.pick.borrow_mut() = Box::new(pick);
    }

    fn handle(&mut self, event: Event) -> bool {
        match event {
            Event::Focus | Event::Unfocus => self.area.redraw(),
            Event::MouseWheel => {
                let mut list = self.list.borrow_mut();
                list.above = match app::event_dy() {
                    MouseWheel::Up => list.above + 2,
                    _ => list.above.saturating_sub(2),
                };
                self.area.redraw();
            }
            Event::Push if app::event_button() == 1 => {
                // Refused only by a widget that cannot have it; this one can.
                let _ = self.area.take_focus();
                let y = (app::event_y() - self.area.y() - EDGE).max(0);
                let mut list = self.list.borrow_mut();
                let line = list.above + (y / appearance::row_height()) as usize;
                let hit = match list.lines.get(line) {
                    Some(Line::Offer(at)) => Some(*at),
                    _ => None,
                };
                if let Some(at) = hit {
                    list.choose(at);
                }
                drop(list);
                self.area.redraw();
                if hit.is_some() {
                    self.picked();
                }
            }
            Event::KeyDown => return self.key(app::event_key()),
            _ => return false,
        }
        true
    }

    fn key(&mut self, key: Key) -> bool {
        let mut list = self.list.borrow_mut();
        let page = seen(self.area.h());
        let (last, near) = (list.offers.len().saturating_sub(1), list.near);
        // What went is no step away from what took its place.
        let step = usize::from(list.at.is_some());
        let to = match key {
            Key::Up => near.saturating_sub(step),
            Key::Down => near + step,
            Key::PageUp => near.saturating_sub(page),
            Key::PageDown => near + page,
            Key::Home => 0,
            Key::End => last,
            Key::Enter | Key::KPEnter => {
                drop(list);
                self.picked();
                return true;
            }
            Key::Escape => {
                drop(list);
                (self.pick.borrow_mut())(Picked::Away);
                return true;
            }
            _ => return false,
        };
        list.choose(to.min(last));
        list.bring_into_sight(page);
        self.area.redraw();
        true
    }

    fn picked(&mut self) {
        let list = self.list.borrow();
        let offer = list.at.and_then(|at| list.offers.get(at)).cloned();
        drop(list);
        if let Some(offer) = offer {
            (self.pick.borrow_mut())(Picked::Room(Box::new(offer)));
        }
    }
}

/// How many lines are seen whole in that height.
fn seen(height: i32) -> usize {
    ((height - 2 * EDGE) / appearance::row_height()).max(1) as usize
}

impl List {
    fn set(&mut self, offers: &[JoinableRoom]) {
        let chosen = self.at.and_then(|at| self.offers.get(at));
        let same = chosen.and_then(|chosen| offers.iter().position(|o| o.is_same(chosen)));
        self.at = match self.offers.is_empty() {
            true => Some(0),
            false => same,
        };
        let line_before = self.line_of(self.near);
        self.near = self.at.unwrap_or(self.near);
        self.offers = offers.to_vec();
        self.lines = lines(offers);
        // What is chosen stays where it is, as far as there is anything above it.
        if self.above > 0 && self.at.is_some() {
            let line = self.line_of(self.near);
            self.above = (self.above + line).saturating_sub(line_before);
        }
    }

    fn choose(&mut self, at: usize) {
        (self.at, self.near) = (Some(at), at);
    }

    /// The line that an offer stands in.
    fn line_of(&self, offer: usize) -> usize {
        let is_it = |line: &Line| *line == Line::Offer(offer);
        self.lines.iter().position(is_it).unwrap_or(0)
    }

    fn bring_into_sight(&mut self, page: usize) {
        let line = self.line_of(self.near);
        // With its heading, if that is right above it.
        let first = match line.checked_sub(1).map(|above| self.lines[above]) {
            Some(Line::Used | Line::Found) if page > 1 => line - 1,
            _ => line,
        };
        self.above = self.above.clamp((line + 1).saturating_sub(page), first);
    }

    fn draw(&mut self, area: &Widget) {
        let p = appearance::palette();
        let (x, y, w, h) = (area.x(), area.y(), area.w(), area.h());
        let row = appearance::row_height();
        let base = appearance::baseline(row);
        let clip = appearance::Clip::to(x, y, w, h);
        draw::draw_rect_fill(x, y, w, h, rgb(p.surface));
        self.above = self.above.min(self.lines.len().saturating_sub(seen(h)));
        let mut top = y + EDGE;
        let all_there = self.offers.iter().all(|offer| offer.there);
        for line in self.lines.iter().skip(self.above).take(seen(h) + 1) {
            match line {
                Line::Offer(at) => {
                    if self.at == Some(*at) && area.has_focus() {
                        draw::draw_rect_fill(x + 3, top, w - 6, row, rgb(p.selection));
                    }
                    let left = x + 2 * MARGIN;
                    draw_offer(
                        &self.offers[*at],
                        all_there,
                        left,
                        w - 3 * MARGIN,
                        top + base,
                    );
                }
                heading => {
                    draw::set_draw_color(rgb(p.quiet));
                    draw::draw_text(&self.heading(*heading), x + MARGIN, top + base);
                }
            }
            top += row;
        }
        drop(clip);
        draw::set_draw_color(rgb(p.line));
        draw::draw_rect(x, y, w, h);
        draw_focus(area);
    }

    fn heading(&self, line: Line) -> String {
        let mut found = self.offers.iter().filter(|offer| offer.used.is_none());
        match line {
            Line::Used => "Used before".to_string(),
            _ if found.clone().count() >= MAX_FOUND => {
                format!("On this network, the first {MAX_FOUND} that were found")
            }
            // What answers here alone is on no network.
            _ if found.all(JoinableRoom::is_this_machine) => "On this machine".to_string(),
            _ => "On this network".to_string(),
        }
    }
}

/// The lines for these rooms: each kind below its heading.
fn lines(offers: &[JoinableRoom]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut before = None;
    for (at, offer) in offers.iter().enumerate() {
        let heading = match offer.used {
            Some(_) => Line::Used,
            None => Line::Found,
        };
        if before != Some(heading) {
            lines.push(heading);
            before = Some(heading);
        }
        lines.push(Line::Offer(at));
    }
    lines
}

/// What is said at the right of a room's line.
fn marks(offer: &JoinableRoom, all_there: bool) -> String {
    let marks = [
        (offer.key, "room key"),
        (offer.used == Some(0), "last used"),
        (
            offer.used.is_some() && offer.there && !all_there,
            "there now",
        ),
    ];
    let marks = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark);
    marks.collect::<Vec<_>>().join(", ")
}

fn draw_offer(offer: &JoinableRoom, all_there: bool, x: i32, w: i32, base: i32) {
    let p = appearance::palette();
    let gap = f64::from(2 * MARGIN);
    let mut room = f64::from(w);
    let marks = marks(offer, all_there);
    if !marks.is_empty() {
        let wide = draw::width(&marks);
        draw::set_draw_color(rgb(p.quiet));
        draw::draw_text(&marks, x + w - wide as i32, base);
        room -= wide + gap;
    }
    let address = offer.address.short();
    // Whoever is on the network chooses the name: one line, and the address beside it in any case.
    let Some(name) = offer.name.as_deref().map(presentable) else {
        draw::set_draw_color(rgb(p.text));
        draw::draw_text(&shortened(address, room), x, base);
        return;
    };
    let beside = draw::width(&address).min(room * 0.6);
    let name = shortened(name, (room - beside - gap).max(0.0));
    draw::set_draw_color(rgb(p.text));
    draw::draw_text(&name, x, base);
    let left = draw::width(&name) + gap;
    draw::set_draw_color(rgb(p.quiet));
    draw::draw_text(&shortened(address, room - left), x + left as i32, base);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::modes::gui::rooms::{KnownRooms, ProbedRoom};

    fn list(recent: &[&str], there: &[&str]) -> Vec<JoinableRoom> {
        let mut rooms = KnownRooms::default();
        let recent: Vec<String> = recent.iter().map(|text| text.to_string()).collect();
        rooms.set_recent(&recent);
        for at in there {
            rooms.answer(ProbedRoom {
                address: Address::parse(at).expect("an address"),
                aliases: Vec::new(),
                id: Some(at.to_string()),
                name: Some("x".to_string()),
            });
        }
        rooms.offers()
    }

    #[test]
    fn what_is_chosen_stays_chosen_while_others_come_and_go() {
        let mut rooms = List::default();
        rooms.set(&list(&[], &["a", "b"]));
        assert_eq!(rooms.at, Some(0), "the first one, at first");
        rooms.choose(1);
        rooms.set(&list(&[], &["c", "a", "b"]));
        assert_eq!(rooms.at, Some(2));
        rooms.set(&list(&[], &["b"]));
        assert_eq!(rooms.at, Some(0));
        // It went: nobody joins what took its place.
        rooms.set(&list(&[], &["a", "c"]));
        assert_eq!(rooms.at, None);
    }

    #[test]
    fn each_kind_stands_below_its_heading_with_its_marks() {
        let offers = list(&["a", "b"], &["b", "c"]);
        assert_eq!(
            lines(&offers),
            [
                Line::Used,
                Line::Offer(0),
                Line::Offer(1),
                Line::Found,
                Line::Offer(2)
            ]
        );
        let marks = offers.iter().map(|offer| marks(offer, false));
        assert_eq!(marks.collect::<Vec<_>>(), ["last used", "there now", ""]);
    }

    #[test]
    fn a_room_that_answers_here_alone_is_on_this_machine() {
        let heading = |there: &[&str]| {
            let mut rooms = List::default();
            rooms.set(&list(&["a"], there));
            rooms.heading(Line::Found)
        };
        assert_eq!(heading(&["127.0.0.1"]), "On this machine");
        assert_eq!(heading(&["192.168.7.1"]), "On this network");
        assert_eq!(heading(&["127.0.0.1", "192.168.7.1"]), "On this network");
    }
}
