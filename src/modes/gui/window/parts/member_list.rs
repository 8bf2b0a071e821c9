//! The list of the members present.

use fltk::draw;
use fltk::prelude::*;
use fltk::widget::Widget;

use super::pick_list::{Entries, ListCursor, MARGIN, PickList, draw_chosen};
use crate::modes::gui::model::Person;
use crate::modes::gui::text::drawable;
use crate::modes::gui::window::fitting::shortened;
use crate::modes::gui::window::{WindowAction, appearance, rgb};

/// The members present. Picking one begins a message to them.
pub type MemberList = PickList<People>;

/// The entries of the list.
#[derive(Default)]
pub struct People {
    people: Vec<Person>,
    cursor: ListCursor,
}

impl MemberList {
    /// Shows these people. The chosen name stays chosen.
    pub fn show(&mut self, people: Vec<Person>) {
        let mut list = self.entries.borrow_mut();
        if list.people != people {
            let chosen = list.chosen().map(|person| person.name.clone());
            let at = people
                .iter()
                .position(|person| Some(&person.name) == chosen.as_ref());
            let at = at.unwrap_or(list.cursor.near);
            list.cursor.choose(at.min(people.len().saturating_sub(1)));
            list.people = people;
            self.area.redraw();
        }
    }
}

impl People {
    fn chosen(&self) -> Option<&Person> {
        self.people.get(self.cursor.at?)
    }
}

/// The upper edge of the first name, below the heading, in pixels.
fn first_row() -> i32 {
    appearance::row_height() + 3
}

impl Entries for People {
    fn cursor(&mut self) -> &mut ListCursor {
        &mut self.cursor
    }

    fn count(&self) -> usize {
        self.people.len()
    }

    fn entry_at(&self, y: i32) -> Option<usize> {
        let row = usize::try_from(y - first_row()).ok()? / appearance::row_height() as usize;
        Some(self.cursor.above + row).filter(|index| *index < self.people.len())
    }

    fn rows_in(height: i32) -> usize {
        let row = appearance::row_height();
        ((height - row - 4) / row).max(1) as usize
    }

    fn bring_into_sight(&mut self, page: usize) {
        let (near, above) = (self.cursor.near, self.cursor.above);
        self.cursor.above = above.clamp((near + 1).saturating_sub(page), near);
    }

    fn pick(&self) -> Option<WindowAction> {
        let name = drawable(&self.chosen()?.name).replace('\n', " ");
        Some(WindowAction::Insert(format!("{name}: ")))
    }

    fn draw(&mut self, area: &Widget) {
        let p = appearance::palette();
        let (x, y, w, h) = (area.x(), area.y(), area.w(), area.h());
        let row = appearance::row_height();
        let base = appearance::baseline(row);
        draw::set_draw_color(rgb(p.quiet));
        let title = format!("Here ({})", self.people.len());
        draw::draw_text(&title, x + MARGIN, y + base);
        draw::set_draw_color(rgb(p.line));
        draw::draw_line(x + MARGIN, y + row, x + w - MARGIN - 1, y + row);
        let whole = People::rows_in(h);
        let above = self.cursor.above;
        self.cursor.above = above.min(self.people.len().saturating_sub(whole));
        let shown = self.people.iter().enumerate().skip(self.cursor.above);
        let mut top = y + first_row();
        let _clip = appearance::Clip::to(x, top, w, h - row - 5);
        for (index, person) in shown.take(whole + 1) {
            if self.cursor.at == Some(index) {
                draw_chosen(area, top);
            }
            draw_person(person, x + MARGIN, w - 2 * MARGIN, top + base);
            top += row;
        }
    }
}

fn draw_person(person: &Person, x: i32, w: i32, base: i32) {
    let p = appearance::palette();
    let mut room = f64::from(w);
    draw::set_draw_color(rgb(p.quiet));
    if let Some(idle) = &person.idle {
        let wide = draw::width(idle);
        draw::draw_text(idle, x + w - wide as i32, base);
        room -= wide + f64::from(MARGIN);
    }
    let you = if person.me {
        draw::width("(you)") + 6.0
    } else {
        0.0
    };
    let name = drawable(&person.name).replace('\n', " ");
    let name = shortened(name, (room - you).max(0.0));
    if person.me {
        draw::draw_text("(you)", x + draw::width(&name) as i32 + 6, base);
    }
    draw::set_draw_color(rgb(if person.me {
        p.own
    } else {
        p.name(&person.name)
    }));
    draw::draw_text(&name, x, base);
}
