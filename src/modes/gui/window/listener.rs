//! The callbacks of our own widgets.

use std::cell::RefCell;
use std::rc::Rc;

/// A widget's callback, which its owner sets once the widget is made. All copies are one callback.
pub(super) struct Listener<T>(Rc<RefCell<Callback<T>>>);

type Callback<T> = Box<dyn FnMut(T)>;

impl<T> Listener<T> {
    /// Sets the callback.
    pub(super) fn set(&self, callback: impl FnMut(T) + 'static) {
        *self.0.borrow_mut() = Box::new(callback);
    }

    /// Calls the callback, if it is set.
    pub(super) fn call(&self, value: T) {
        (self.0.borrow_mut())(value);
    }
}

impl<T> Default for Listener<T> {
    fn default() -> Listener<T> {
        Listener(Rc::new(RefCell::new(Box::new(|_| {}))))
    }
}

impl<T> Clone for Listener<T> {
    fn clone(&self) -> Listener<T> {
        Listener(Rc::clone(&self.0))
    }
}
