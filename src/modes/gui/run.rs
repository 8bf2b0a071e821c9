//! The event loop: events of the window, the link and the clock become inputs of the model, and the
//! model's effects are carried out.

mod first_inputs;
mod frames;
mod outside;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::cli::GuiArgs;
use crate::event::Stamp;
use crate::failure::{Failure, reason};
use crate::modes::gui::desktop::browser;
use crate::modes::gui::desktop::display;
use crate::modes::gui::desktop::input_method;
use crate::modes::gui::desktop::notify::Bell;
use crate::modes::gui::desktop::notify::Mention;
use crate::modes::gui::desktop::notify::Notifier;
use crate::modes::gui::keep::autosave::Autosave;
use crate::modes::gui::keep::session_file;
use crate::modes::gui::keep::settings;
use crate::modes::gui::keep::settings::Settings;
use crate::modes::gui::keep::settings_writer::SettingsWriter;
use crate::modes::gui::link::{Link, health};
use crate::modes::gui::model::{Effect, Input, Model};
use crate::modes::gui::rooms::discovery::{Discovered, Discovery};
use crate::modes::gui::talk::{LinkCommand, Login, Report, Resume};
use crate::modes::gui::transcript::spans;
use crate::modes::gui::window::{self, Action, LoginFields, Window};
use crate::room_key;
use frames::Frames;
use outside::{ask_desktop, no_thread, on_signals, on_the_wall, random_key};

/// Time limit of logging off, which keeps the process after the window is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Minimum interval between two redraws for events of the network.
const PICTURE: Duration = Duration::from_millis(16);

/// Opens the window and runs until it is closed.
///
/// # Errors
/// There is no display, or the system refuses something that a window needs.
pub fn run(args: GuiArgs) -> Result<ExitCode, Failure> {
    display::check(std::env::var("DISPLAY").ok().as_deref())?;
    input_method::settle().map_err(|e| {
        let variable = input_method::VARIABLE;
        Failure::new(format!(
            "The input method that {variable} names is not running, and the window cannot start \
             without it: {}. Unset {variable} and try again.",
            reason(&e)
        ))
    })?;
    let path = settings::path();
    let (settings, trouble) = path.as_deref().map(settings::load).unwrap_or_default();
    let named = args.address;
    let address = named.clone().or_else(|| settings.recent.first().cloned());
    let fields = LoginFields {
        address: address.unwrap_or_else(|| Address::default().to_string()),
        name: args.name.clone().unwrap_or_default(),
        key: room_key::find(args.key_file.as_deref())?.unwrap_or_default(),
    };
    let mut inputs = vec![Input::RecentRooms(settings.recent.clone())];
    let mut autosave = Autosave::new(session_file::folder(), window::wake);
    let mut geometry = None;
    if args.name.is_some()
        && let Ok(address) = Address::parse(&fields.address)
    {
        geometry = autosave.open_for_geometry(&address, &fields.name);
    }
    inputs.extend(first_inputs::first_inputs(
        &fields,
        named.as_deref(),
        !args.no_search,
        &settings.recent,
    ));
    // After the login, which begins with an empty status line.
    inputs.extend(trouble.map(Input::Note));
    let model = Rc::new(RefCell::new(Model::new(on_the_wall)));
    let told_to_end = on_signals()?;
    let window = Window::open(Rc::clone(&model), &fields, settings, geometry)?;
    let link = Link::start(window::wake)
        .map_err(|e| Failure::new(format!("The network cannot be used: {}.", reason(&e))))?;
    let looks = ask_desktop();
    let (said, trouble) = mpsc::channel();
    let tell = move |event| {
        // Fails if the window is closed.
        let _ = said.send(event);
        window::wake();
    };
    let settings_writer = path.map(|path| {
        let tell = tell.clone();
        SettingsWriter::start(path, move |sentence| tell(Input::Note(sentence)))
    });
    let settings_writer = settings_writer.transpose().map_err(|e| no_thread(&e))?;
    let notifier = Notifier::new(move |sentence| tell(Input::MinorNote(sentence)));
    let mut run = Run {
        model,
        window,
        link,
        autosave,
        settings_writer,
        notifier,
        bell: Bell::default(),
        discovery: None,
        may_look: !args.no_search,
        fields,
        inputs,
        shown: Instant::now(),
        owing: false,
    };
    let mut frames = Frames::from_env();
    loop {
        frames.begin();
        if let Ok(dark) = looks.try_recv() {
            run.window.set_system_dark(dark);
        }
        run.inputs.extend(trouble.try_iter());
        let goes_on = run.turn();
        // Drawn here, not in the wait, so that the turn can be measured to its end.
        run.window.draw();
        frames.end();
        if !goes_on || told_to_end.load(Ordering::SeqCst) || !run.wait() {
            break;
        }
    }
    let rows = run.window.most_rows();
    run.end();
    frames.finish(rows).map_err(|e| {
        Failure::new(format!(
            "The file that {} names cannot be written: {}.",
            frames::VARIABLE,
            reason(&e)
        ))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The parts that the loop connects.
struct Run {
    model: Rc<RefCell<Model>>,
    window: Window,
    link: Link,
    autosave: Autosave,
    /// The thread that writes the settings.
    settings_writer: Option<SettingsWriter>,
    notifier: Notifier,
    bell: Bell,
    /// The search for rooms, while there is one.
    discovery: Option<Discovery>,
    /// The search is allowed.
    may_look: bool,
    /// The fields of the login as the program filled them.
    fields: LoginFields,
    /// The inputs that the model is to get.
    inputs: Vec<Input>,
    /// The time at which the window last showed the model.
    shown: Instant,
    /// A change is not shown yet.
    owing: bool,
}

impl Run {
    /// Runs one turn of the loop. `false` ends the run.
    fn turn(&mut self) -> bool {
        self.model.borrow_mut().update(Input::Time(Stamp::now()));
        let (mut by_hand, mut quits) = (false, false);
        while let Some(action) = self.window.next_action() {
            by_hand = true;
            match action {
                // A message sent before still goes out.
                Action::Quit => {
                    quits = true;
                    break;
                }
                Action::LogIn { address, name, key } => self.inputs.push(Input::LogIn {
                    address,
                    name,
                    key,
                    persist: false,
                }),
                Action::Send(text) => {
                    let key = random_key();
                    self.inputs.push(Input::Send { text, key });
                }
                Action::Model(event) => {
                    if matches!(event, Input::Front(true)) {
                        self.notifier.forget();
                    }
                    self.inputs.push(event);
                }
                Action::OpenUrl(address) => self.open(&address),
                Action::Settings(settings) => self.change(*settings),
                Action::Window(_) => {}
            }
        }
        match self.autosave.newly_durable() {
            Ok(keys) if keys.is_empty() => {}
            Ok(keys) => self.inputs.push(Input::Durable(keys)),
            Err(sentence) => self.inputs.push(Input::Note(sentence)),
        }
        if self.autosave.due() == Some(Duration::ZERO) {
            let state = self.model.borrow().kept();
            let saved = self.autosave.save(state, self.window.place());
            self.inputs.extend(saved.err().map(Input::Note));
        }
        let heard = self.link.take().into_iter().map(Input::Link);
        self.inputs.extend(heard);
        let mut rounds = 0;
        while !self.inputs.is_empty() && rounds < 8 {
            rounds += 1;
            let mut effects = Vec::new();
            for event in std::mem::take(&mut self.inputs) {
                // Several keys may have come at once: the text that they left counts.
                let event = match event {
                    Input::Draft(_) => Input::Draft(self.window.draft()),
                    event => event,
                };
                // Text written under the old name belongs to its file.
                let before = match &event {
                    Input::Link(Report::LoggedIn { .. }) => self.model.borrow().kept(),
                    _ => None,
                };
                let said = match &event {
                    Input::Send { text, .. } => Some(text.clone()),
                    _ => None,
                };
                let next = self.model.borrow_mut().update(event);
                let is_done = |e: &Effect| matches!(e, Effect::Accepted(_) | Effect::Quit);
                if let Some(text) = said {
                    if !next.iter().any(is_done) {
                        self.window.give_back(&text);
                    }
                    let draft = Input::Draft(self.window.draft());
                    self.model.borrow_mut().update(draft);
                }
                if next.iter().any(|e| matches!(e, Effect::LoggedIn(_))) {
                    let saved = self.autosave.save(before, self.window.place());
                    self.inputs.extend(saved.err().map(Input::Note));
                    self.autosave.accept_login();
                    self.inputs.push(Input::Saving(self.autosave.is_saving()));
                }
                effects.extend(next);
            }
            self.owing = true;
            let state = self.model.borrow().kept();
            let saved = self.autosave.save_soon(state, self.window.place());
            self.inputs.extend(saved.err().map(Input::Note));
            if by_hand || !effects.is_empty() {
                // Shown first: a field has to be there before it can get the focus.
                self.show();
            }
            for effect in effects {
                if !self.act(effect) {
                    return false;
                }
            }
        }
        self.look();
        if by_hand || self.owing && self.shown.elapsed() >= PICTURE {
            self.show();
        }
        !quits
    }

    /// Searches for rooms while the model wants it.
    fn look(&mut self) {
        if !self.may_look || !self.model.borrow().looks_for_rooms() {
            self.discovery = None;
            return;
        }
        let discovery = self.discovery.get_or_insert_with(|| {
            let last = self.window.settings().recent.into_iter().next();
            let last = last.and_then(|last| Address::parse(&last).ok());
            let mut tried = vec![Address::default()];
            tried.extend(last.filter(|last| *last != tried[0]));
            Discovery::start(tried, health, window::wake)
        });
        for news in discovery.take() {
            self.inputs.push(match news {
                Discovered::Nearby(change) => Input::Nearby(change),
                Discovered::Answered(room) => Input::RoomAnswered(room),
                Discovered::Trouble(sentence) => Input::Note(sentence),
                Discovered::LongEnough => Input::SearchedLongEnough {
                    busy: self.window.fields() != self.fields,
                },
            });
        }
    }

    fn show(&mut self) {
        self.window.show();
        self.shown = Instant::now();
        self.owing = false;
    }

    /// Carries out an effect. `false` ends the run.
    fn act(&mut self, effect: Effect) -> bool {
        match effect {
            Effect::LogIn(login) => self.log_in(login),
            Effect::LoggedIn(address) => {
                self.window.entered();
                let address = address.to_string();
                self.change_settings(move |settings| settings.remember(&address));
                let recent = self.window.settings().recent;
                self.inputs.push(Input::RecentRooms(recent));
            }
            Effect::FillAddress(address) => self.window.fill(&address),
            Effect::ChooseRoom => self.window.choose_room(),
            Effect::LoginFailed => self.autosave.refuse_login(),
            Effect::Send(message) => self.link.send(LinkCommand::Send(message)),
            Effect::Fetch(ask) => self.link.send(LinkCommand::Fetch(ask)),
            Effect::TryNow => self.link.send(LinkCommand::TryNow),
            Effect::Accepted(text) => self.window.taken(&text),
            Effect::Restore(text) => self.window.restore(&text),
            Effect::Focus(field) => self.window.focus(field),
            Effect::GoToUnread => self.window.go_to_unread(),
            Effect::GoToEnd => self.window.go_to_end(),
            Effect::GoToStart => self.window.go_to_start(),
            Effect::GoToEvent(place) => self.window.go_to_event(place),
            Effect::Notify { from, text } => {
                let settings = self.window.settings();
                if settings.bell && self.bell.rings(Instant::now()) {
                    self.window.bell();
                }
                if settings.notify {
                    let room = self.model.borrow().room();
                    let room = room.map(|(room, _)| room).unwrap_or_default();
                    self.notifier.tell(Mention { room, from, text });
                }
            }
            Effect::Quit => return false,
        }
        true
    }

    fn log_in(&mut self, mut login: Login) {
        let (saved, trouble) = self.autosave.open(&login.address, &login.name);
        login.resume = Resume {
            after: saved.read,
            token: saved.token.clone(),
        };
        self.link.send(LinkCommand::LogIn(login));
        self.inputs.push(Input::Restored(Box::new(saved)));
        self.inputs.extend(trouble.map(Input::Note));
    }

    /// Opens a URL in the browser.
    fn open(&mut self, address: &str) {
        if !spans::opens(address) {
            return;
        }
        if let Err(error) = browser::open(address) {
            self.inputs.push(Input::Note(format!(
                "{address} could not be opened: {}. Is there a browser, and the xdg-open command?",
                reason(&error)
            )));
        }
    }

    /// Applies the settings that the user chose.
    fn change(&mut self, wanted: Settings) {
        self.change_settings(move |settings| settings.choose(&wanted));
    }

    fn change_settings(&mut self, change: impl Fn(&mut Settings) + Send + 'static) {
        let mut here = self.window.settings();
        change(&mut here);
        if let Some(settings_writer) = &self.settings_writer {
            settings_writer.change(change);
        }
        self.window.apply(here);
    }

    /// Waits for an event or for the next redraw. `false` if the window is gone.
    fn wait(&mut self) -> bool {
        let picture = self
            .owing
            .then(|| PICTURE.saturating_sub(self.shown.elapsed()));
        let changes = self.model.borrow().changes_in();
        let autosave = self.autosave.due();
        let discovery = self.discovery.as_ref().and_then(Discovery::due);
        let times = [picture, changes, autosave, discovery];
        let soonest = times.into_iter().flatten().min();
        let work = (!self.inputs.is_empty()).then_some(Duration::ZERO);
        let open = self.window.wait(work.or(soonest));
        if changes.is_some() && changes == soonest {
            // The clock has advanced, which is shown.
            self.owing = true;
        }
        open
    }

    fn end(mut self) {
        self.window.hide();
        let last_words = self.link.close(CLOSE_TIMEOUT);
        // A message that was answered meanwhile needs no repeat.
        for report in last_words {
            self.model.borrow_mut().update(Input::Link(report));
        }
        let state = self.model.borrow().kept();
        let is_in = self.model.borrow().is_in();
        let state = state.map(|state| session_file::SavedSession {
            token: state.token.filter(|_| !is_in),
            ..state
        });
        // There is no window left that could show an error.
        let _ = self.autosave.save(state, self.window.place());
    }
}
