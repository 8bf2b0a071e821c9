//! The window's geometry on the screens.

use fltk::app;
use fltk::enums::ColorDepth;
use fltk::image::RgbImage;
use fltk::prelude::*;
use fltk::window::Window as FltkWindow;

use super::Window;
use crate::modes::gui::keep::session_file::Geometry;

/// The part of a window's upper edge, in the window system's units, that must be on a screen, so
/// that the window can be seen and moved: width and height.
const GRIP: (i32, i32) = (120, 40);

impl Window {
    /// Puts the window where it was, or within reach if the screens are others now.
    pub(super) fn put_in_reach(&mut self, last: Geometry) {
        let screens = (0..app::screen_count()).map(app::screen_work_area);
        let screens = screens.map(|(x, y, width, height)| Geometry {
            x,
            y,
            width,
            height,
        });
        let screens: Vec<Geometry> = screens.collect();
        let reachable = in_reach(last, &screens);
        if reachable != last {
            self.frame
                .resize(reachable.x, reachable.y, reachable.width, reachable.height);
        }
    }

    /// Shrinks a window that is larger than its screen.
    pub(super) fn fit_on_screen(&mut self) {
        let (_, _, w, h) = app::screen_work_area(self.frame.screen_num());
        let (now_w, now_h) = (self.frame.w(), self.frame.h());
        if w > 0 && h > 0 && (now_w > w || now_h > h) {
            self.frame.set_size(now_w.min(w), now_h.min(h));
        }
    }

    /// Puts a dialog over the window, with the same icon.
    pub(super) fn put_over(&self, dialog: &mut FltkWindow) {
        let (x, y, width, height) = app::screen_work_area(self.frame.screen_num());
        let screen = Geometry {
            x,
            y,
            width,
            height,
        };
        let (x, y) = over(self.geometry(), (dialog.w(), dialog.h()), screen);
        dialog.set_pos(x, y);
        let (pixels, width, height) = &self.icon;
        if let Ok(icon) = RgbImage::new(pixels, *width, *height, ColorDepth::Rgba8) {
            dialog.set_icon(Some(icon));
        }
    }

    /// The most rows of the transcript that were laid out for one redraw so far.
    pub fn most_rows(&self) -> usize {
        self.middle.transcript.most_rows()
    }

    /// The window's geometry.
    pub fn geometry(&self) -> Geometry {
        Geometry {
            x: self.frame.x(),
            y: self.frame.y(),
            width: self.frame.w(),
            height: self.frame.h(),
        }
    }
}

/// The position in which something of that size is centred over its parent, and whole on the screen
/// if it can be.
fn over(parent: Geometry, (width, height): (i32, i32), screen: Geometry) -> (i32, i32) {
    let put = |from: i32, size: i32, own: i32, edge: i32, room: i32| {
        let last = edge.max(edge + room - own);
        (from + (size - own) / 2).clamp(edge, last)
    };
    (
        put(parent.x, parent.width, width, screen.x, screen.width),
        put(parent.y, parent.height, height, screen.y, screen.height),
    )
}

/// The geometry if enough of its upper edge is on a screen; otherwise the nearest one that is whole
/// on the nearest screen.
fn in_reach(window: Geometry, screens: &[Geometry]) -> Geometry {
    let shared = |from: i32, size: i32, other: i32, others: i32| {
        from.saturating_add(size).min(other.saturating_add(others)) - from.max(other)
    };
    let has_grip = |screen: &&Geometry| {
        shared(window.x, window.width, screen.x, screen.width) >= GRIP.0.min(window.width)
            && window.y >= screen.y
            && shared(window.y, window.height, screen.y, screen.height) >= GRIP.1.min(window.height)
    };
    if screens.iter().any(|screen| has_grip(&screen)) {
        return window;
    }
    let beside = |from: i32, size: i32, other: i32, others: i32| {
        i64::from(-shared(from, size, other, others)).max(0)
    };
    let away = |screen: &&Geometry| {
        beside(window.x, window.width, screen.x, screen.width)
            + beside(window.y, window.height, screen.y, screen.height)
    };
    let Some(screen) = screens.iter().min_by_key(away) else {
        return window;
    };
    let (width, height) = (
        window.width.min(screen.width),
        window.height.min(screen.height),
    );
    Geometry {
        x: window.x.clamp(screen.x, screen.x + screen.width - width),
        y: window.y.clamp(screen.y, screen.y + screen.height - height),
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(x: i32, y: i32, width: i32, height: i32) -> Geometry {
        Geometry {
            x,
            y,
            width,
            height,
        }
    }

    #[test]
    fn a_dialog_is_over_its_window_and_on_the_screen() {
        let screen = geometry(0, 20, 1400, 880);
        for (parent, at) in [
            (geometry(400, 300, 800, 600), (530, 380)),
            (geometry(400, 300, 420, 320), (340, 240)),
            (geometry(1300, 800, 420, 320), (860, 460)),
            (geometry(-300, -200, 420, 320), (0, 20)),
        ] {
            assert_eq!(over(parent, (540, 440), screen), at, "{parent:?}");
        }
        assert_eq!(over(screen, (2000, 2000), screen), (0, 20), "too large");
    }

    #[test]
    fn a_window_opens_where_somebody_can_reach_it() {
        let screens = [geometry(0, 0, 1920, 1050), geometry(1920, 200, 1280, 1024)];
        for (was, is) in [
            // Where it was, even if part of it is outside.
            (geometry(100, 100, 800, 600), geometry(100, 100, 800, 600)),
            (
                geometry(-600, 1000, 800, 600),
                geometry(-600, 1000, 800, 600),
            ),
            (geometry(2000, 300, 800, 600), geometry(2000, 300, 800, 600)),
            (geometry(1800, 500, 800, 600), geometry(1800, 500, 800, 600)),
            // Back from a screen that is gone.
            (geometry(4000, 300, 800, 600), geometry(2400, 300, 800, 600)),
            (geometry(100, -1080, 800, 600), geometry(100, 0, 800, 600)),
            (geometry(100, 1045, 800, 600), geometry(100, 450, 800, 600)),
            (geometry(-750, 100, 800, 600), geometry(0, 100, 800, 600)),
            (geometry(100, -20, 800, 600), geometry(100, 0, 800, 600)),
            (
                geometry(i32::MAX, i32::MIN, 3000, 3000),
                geometry(1920, 200, 1280, 1024),
            ),
        ] {
            assert_eq!(in_reach(was, &screens), is, "{was:?}");
        }
        let nowhere = geometry(9, 9, 9, 9);
        assert_eq!(in_reach(nowhere, &[]), nowhere);
    }
}
