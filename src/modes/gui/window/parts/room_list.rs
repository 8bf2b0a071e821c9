//! The list of rooms that can be joined: those used before, and those on this network.

use fltk::draw;
use fltk::prelude::*;
use fltk::widget::Widget;

use super::pick_list::{Entries, ListCursor, MARGIN, PickList, draw_chosen};
use crate::modes::gui::rooms::{JoinableRoom, MAX_FOUND};
use crate::modes::gui::text::presentable;
use crate::modes::gui::window::fitting::shortened;
use crate::modes::gui::window::{WindowAction, appearance, rgb};

/// Space above and below the rows.
const EDGE: i32 = 3;

/// The rooms. The chosen one stays chosen while others come and go; if it goes itself, none is
/// chosen until the next key.
pub type RoomList = PickList<JoinableRooms>;

/// The entries of the list.
#[derive(Default)]
pub struct JoinableRooms {
    offers: Vec<JoinableRoom>,
    rows: Vec<ListRow>,
    cursor: ListCursor,
}

/// A row of the list: a heading, or an offer by its index.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ListRow {
    Used,
    Found,
    Offer(usize),
}

impl RoomList {
    /// Shows these rooms. Returns the height in pixels that they need.
    pub fn show(&mut self, offers: &[JoinableRoom]) -> i32 {
        let mut list = self.entries.borrow_mut();
        if list.offers != offers {
            list.set(offers);
            self.area.redraw();
        }
        list.rows.len() as i32 * appearance::row_height() + 2 * EDGE
    }
}

impl Entries for JoinableRooms {
    fn cursor(&mut self) -> &mut ListCursor {
        &mut self.cursor
    }

    fn count(&self) -> usize {
        self.offers.len()
    }

    fn entry_at(&self, y: i32) -> Option<usize> {
        let row = (y - EDGE).max(0) / appearance::row_height();
        match self.rows.get(self.cursor.above + row as usize) {
            Some(ListRow::Offer(at)) => Some(*at),
            _ => None,
        }
    }

    fn rows_in(height: i32) -> usize {
        ((height - 2 * EDGE) / appearance::row_height()).max(1) as usize
    }

    fn bring_into_sight(&mut self, page: usize) {
        let row = self.row_of(self.cursor.near);
        // With its heading, if that is right above it.
        let first = match row.checked_sub(1).map(|above| self.rows[above]) {
            Some(ListRow::Used | ListRow::Found) if page > 1 => row - 1,
            _ => row,
        };
        self.cursor.above = self
            .cursor
            .above
            .clamp((row + 1).saturating_sub(page), first);
    }

    fn pick(&self) -> Option<WindowAction> {
        let offer = self.offers.get(self.cursor.at?)?;
        Some(WindowAction::JoinRoom(Box::new(offer.clone())))
    }

    fn escape(&self) -> Option<WindowAction> {
        Some(WindowAction::CloseRooms)
    }

    fn draw(&mut self, area: &Widget) {
        let p = appearance::palette();
        let (x, w) = (area.x(), area.w());
        let row = appearance::row_height();
        let base = appearance::baseline(row);
        let whole = JoinableRooms::rows_in(area.h());
        let above = self.cursor.above;
        self.cursor.above = above.min(self.rows.len().saturating_sub(whole));
        let mut top = area.y() + EDGE;
        let all_there = self.offers.iter().all(|offer| offer.there);
        for shown in self.rows.iter().skip(self.cursor.above).take(whole + 1) {
            match shown {
                ListRow::Offer(at) => {
                    if self.cursor.at == Some(*at) {
                        draw_chosen(area, top);
                    }
                    let (left, room) = (x + 2 * MARGIN, w - 3 * MARGIN);
                    draw_offer(&self.offers[*at], all_there, left, room, top + base);
                }
                heading => {
                    draw::set_draw_color(rgb(p.quiet));
                    draw::draw_text(&self.heading(*heading), x + MARGIN, top + base);
                }
            }
            top += row;
        }
    }
}

impl JoinableRooms {
    fn set(&mut self, offers: &[JoinableRoom]) {
        let chosen = self.cursor.at.and_then(|at| self.offers.get(at));
        let same = chosen.and_then(|chosen| offers.iter().position(|o| o.is_same(chosen)));
        self.cursor.at = if self.offers.is_empty() {
            Some(0)
        } else {
            same
        };
        let row_before = self.row_of(self.cursor.near);
        self.cursor.near = self.cursor.at.unwrap_or(self.cursor.near);
        self.offers = offers.to_vec();
        self.rows = rows(offers);
        // What is chosen stays where it is, as far as there is anything above it.
        if self.cursor.above > 0 && self.cursor.at.is_some() {
            let row = self.row_of(self.cursor.near);
            self.cursor.above = (self.cursor.above + row).saturating_sub(row_before);
        }
    }

    /// The row of an offer.
    fn row_of(&self, offer: usize) -> usize {
        let is_it = |row: &ListRow| *row == ListRow::Offer(offer);
        self.rows.iter().position(is_it).unwrap_or(0)
    }

    fn heading(&self, row: ListRow) -> String {
        let mut found = self.offers.iter().filter(|offer| offer.used.is_none());
        match row {
            ListRow::Used => "Used before".to_string(),
            _ if found.clone().count() >= MAX_FOUND => {
                format!("On this network, the first {MAX_FOUND} that were found")
            }
            // What answers here alone is on no network.
            _ if found.all(JoinableRoom::is_this_machine) => "On this machine".to_string(),
            _ => "On this network".to_string(),
        }
    }
}

/// Returns the rows for these rooms: each kind below its heading.
fn rows(offers: &[JoinableRoom]) -> Vec<ListRow> {
    let mut rows = Vec::new();
    let mut before = None;
    for (at, offer) in offers.iter().enumerate() {
        let heading = match offer.used {
            Some(_) => ListRow::Used,
            None => ListRow::Found,
        };
        if before != Some(heading) {
            rows.push(heading);
            before = Some(heading);
        }
        rows.push(ListRow::Offer(at));
    }
    rows
}

/// The words at the right of a room's row.
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
    // Anybody on the network chooses the name: it is one line, and the address is always beside it.
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
        let mut rooms = JoinableRooms::default();
        rooms.set(&list(&[], &["a", "b"]));
        assert_eq!(rooms.cursor.at, Some(0), "the first one, at first");
        rooms.cursor.choose(1);
        rooms.set(&list(&[], &["c", "a", "b"]));
        assert_eq!(rooms.cursor.at, Some(2));
        rooms.set(&list(&[], &["b"]));
        assert_eq!(rooms.cursor.at, Some(0));
        // The chosen room went: nobody joins what took its place.
        rooms.set(&list(&[], &["a", "c"]));
        assert_eq!(rooms.cursor.at, None);
    }

    #[test]
    fn each_kind_stands_below_its_heading_with_its_marks() {
        let offers = list(&["a", "b"], &["b", "c"]);
        assert_eq!(
            rows(&offers),
            [
                ListRow::Used,
                ListRow::Offer(0),
                ListRow::Offer(1),
                ListRow::Found,
                ListRow::Offer(2)
            ]
        );
        let marks = offers.iter().map(|offer| marks(offer, false));
        assert_eq!(marks.collect::<Vec<_>>(), ["last used", "there now", ""]);
    }

    #[test]
    fn a_room_that_answers_here_alone_is_on_this_machine() {
        let heading = |there: &[&str]| {
            let mut rooms = JoinableRooms::default();
            rooms.set(&list(&["a"], there));
            rooms.heading(ListRow::Found)
        };
        assert_eq!(heading(&["127.0.0.1"]), "On this machine");
        assert_eq!(heading(&["192.168.7.1"]), "On this network");
        assert_eq!(heading(&["127.0.0.1", "192.168.7.1"]), "On this network");
    }
}
