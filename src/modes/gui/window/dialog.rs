//! stub
use crate::modes::gui::settings::Settings;
pub struct Dialog;
impl Dialog {
    pub fn open(_: &Settings, _path: &str, _on_change: impl FnMut(Settings) + 'static) -> Dialog {
        Dialog
    }
}
