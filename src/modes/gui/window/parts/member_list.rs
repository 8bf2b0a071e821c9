//! The list of who is here.

use std::cell::RefCell;
use std::rc::Rc;

use fltk::app::{self, MouseWheel};
use fltk::draw;
use fltk::enums::{Event, FrameType, Key};
use fltk::prelude::*;
use fltk::widget::Widget;

use crate::modes::gui::model::Person;
use crate::modes::gui::text::drawable;
use crate::modes::gui::window::fitting::shortened;
use crate::modes::gui::window::style::draw_focus;
use crate::modes::gui::window::{appearance, rgb};

/// Space at the left and right edge.
const MARGIN: i32 = 8;

/// Who is here: scrolled by the wheel, walked by the arrow keys; a click or Enter picks a name.
#[derive(Clone)]
pub struct MemberList {
    /// For the layout.
    pub area: Widget,
    list: Rc<RefCell<List>>,
    pick: Rc<RefCell<Pick>>,
}

type Pick = Box<dyn FnMut(&str)>;

#[derive(Default)]
struct List {
    people: Vec<Person>,
    /// How many names are above the upper edge.
    above: usize,
    /// The name that the arrow keys have come to.
    at: usize,
}

impl Default for MemberList {
    fn default() -> MemberList {
        MemberList::new()
    }
}

impl MemberList {
    /// Nobody yet.
    pub fn new() -> MemberList {
        let mut area = Widget::default();
        area.set_frame(FrameType::FlatBox);
        let list = Rc::new(RefCell::new(List::default()));
        let to_draw = Rc::clone(&list);
        area.draw(move |area| to_draw.borrow_mut().draw(area));
        let pick: Pick = Box::new(|_| {});
        let here = MemberList {
            area,
            list,
            pick: Rc::new(RefCell::new(pick)),
        };
        let mut this = here.clone();
        here.area.clone().handle(move |_, event| this.handle(event));
        here
    }

    /// Shows these people.
    pub fn show(&mut self, people: Vec<Person>) {
        let mut list = self.list.borrow_mut();
        if list.people != people {
            // The keyboard stays with the name that it has come to.
            let name = list.people.get(list.at).map(|person| person.name.clone());
            let still = people
                .iter()
                .position(|person| Some(&person.name) == name.as_ref());
            list.at = still.unwrap_or(list.at).min(people.len().saturating_sub(1));
            list.people = people;
            self.area.redraw();
        }
    }

    /// What happens with the text that is meant for the message: `name: ` for a name that was
    /// picked.
    pub fn on_pick(&mut self, pick: impl FnMut(&str) + 'static) {
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
                let row = appearance::row_height();
                let y = app::event_y() - self.area.y() - row - 3;
                let mut list = self.list.borrow_mut();
                let index = list.above + (y.max(0) / row) as usize;
                let hit = y >= 0 && index < list.people.len();
                if hit {
                    list.at = index;
                }
                self.area.redraw();
                drop(list);
                if hit {
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
        let last = list.people.len().saturating_sub(1);
        list.at = match key {
            Key::Up => list.at.saturating_sub(1),
            Key::Down => list.at + 1,
            Key::PageUp => list.at.saturating_sub(page),
            Key::PageDown => list.at + page,
            Key::Home => 0,
            Key::End => last,
            Key::Enter | Key::KPEnter => {
                drop(list);
                self.picked();
                return true;
            }
            _ => return false,
        }
        .min(last);
        list.above = list
            .above
            .clamp((list.at + 1).saturating_sub(page), list.at);
        self.area.redraw();
        true
    }

    fn picked(&mut self) {
        let list = self.list.borrow();
        let name = list.people.get(list.at).map(|person| person.name.clone());
        drop(list);
        if let Some(name) = name {
            let name = drawable(&name).replace('\n', " ");
            (self.pick.borrow_mut())(&format!("{name}: "));
        }
    }
}

/// How many names are seen whole in that height.
fn seen(height: i32) -> usize {
    let row = appearance::row_height();
    ((height - row - 4) / row).max(1) as usize
}

impl List {
    fn draw(&mut self, area: &Widget) {
        let p = appearance::palette();
        let (x, y, w, h) = (area.x(), area.y(), area.w(), area.h());
        let row = appearance::row_height();
        let base = appearance::baseline(row);
        let clip = appearance::Clip::to(x, y, w, h);
        draw::draw_rect_fill(x, y, w, h, rgb(p.surface));
        draw::set_draw_color(rgb(p.quiet));
        let title = format!("Here ({})", self.people.len());
        draw::draw_text(&title, x + MARGIN, y + base);
        draw::set_draw_color(rgb(p.line));
        draw::draw_line(x + MARGIN, y + row, x + w - MARGIN - 1, y + row);
        let whole = seen(h);
        self.above = self.above.min(self.people.len().saturating_sub(whole));
        let shown = self.people.iter().enumerate().skip(self.above);
        let mut top = y + row + 3;
        let inner = appearance::Clip::to(x, top, w, h - row - 5);
        for (index, person) in shown.take(whole + 1) {
            if index == self.at && area.has_focus() {
                draw::draw_rect_fill(x + 3, top, w - 6, row, rgb(p.selection));
            }
            draw_person(person, x + MARGIN, w - 2 * MARGIN, top + base);
            top += row;
        }
        drop(inner);
        drop(clip);
        draw::set_draw_color(rgb(p.line));
        draw::draw_rect(x, y, w, h);
        draw_focus(area);
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
    let you = match person.me {
        true => draw::width("(you)") + 6.0,
        false => 0.0,
    };
    let name = drawable(&person.name).replace('\n', " ");
    let name = shortened(name, (room - you).max(0.0));
    if person.me {
        draw::draw_text("(you)", x + draw::width(&name) as i32 + 6, base);
    }
    draw::set_draw_color(rgb(match person.me {
        true => p.own,
        false => p.name(&person.name),
    }));
    draw::draw_text(&name, x, base);
}
