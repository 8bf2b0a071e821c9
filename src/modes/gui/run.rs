//! The event loop: events of the window, the link and the clock become inputs of the model, and the
//! model's effects are carried out.

mod first_inputs;
mod frames;
mod outside;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::cli::GuiArgs;
use crate::event::{Key, Stamp};
use crate::failure::{Failure, reason};
use crate::modes::gui::desktop::browser;
use crate::modes::gui::desktop::display;
use crate::modes::gui::desktop::input_method;
use crate::modes::gui::desktop::notify::Bell;
use crate::modes::gui::desktop::notify::Mention;
use crate::modes::gui::desktop::notify::Notifier;
use crate::modes::gui::keep::autosave::Autosave;
use crate::modes::gui::keep::session_file::{self, SavedSession};
use crate::modes::gui::keep::settings;
use crate::modes::gui::keep::settings::Settings;
use crate::modes::gui::keep::settings_writer::SettingsWriter;
use crate::modes::gui::link::{Link, health};
use crate::modes::gui::model::{Effect, Input, Model};
use crate::modes::gui::rooms::discovery::{Discovered, Discovery};
use crate::modes::gui::talk::{LinkCommand, Login, Report, Resume};
use crate::modes::gui::window::{self, Action, LoginFields, Window};
use crate::room_key;
use crate::urls;
use frames::Frames;
use outside::{ask_desktop, no_thread, on_signals, on_the_wall, random_key};

/// Time limit of logging off, which keeps the process after the window is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Minimum interval between two redraws for events of the network.
const REDRAW: Duration = Duration::from_millis(16);
/// Most rounds of inputs in one turn; the rest is for the next turn.
const MAX_ROUNDS: usize = 8;

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
    let told_to_end = on_signals()?;
    let mut run = Run::start(args)?;
    let mut frames = Frames::from_env();
    loop {
        frames.begin();
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
    may_search: bool,
    /// The fields of the login as the program filled them.
    fields: LoginFields,
    /// The inputs that the model is to get.
    inputs: Vec<Input>,
    /// The inputs of the threads that write settings and show notifications.
    notes: Receiver<Input>,
    /// Tells whether the desktop is dark.
    desktop_is_dark: Receiver<bool>,
    /// The time at which the window last showed the model.
    shown_at: Instant,
    /// The model has changed since.
    redraw_due: bool,
}

/// The user's actions of a turn.
struct Acted {
    /// There was one.
    any: bool,
    /// The user leaves.
    quits: bool,
}

impl Run {
    /// Opens the window and starts the threads.
    fn start(args: GuiArgs) -> Result<Run, Failure> {
        let path = settings::path();
        let (settings, trouble) = path.as_deref().map(settings::load).unwrap_or_default();
        let fields = login_fields(&args, &settings)?;
        let mut autosave = Autosave::new(session_file::folder(), window::wake);
        let geometry = match (&args.name, Address::parse(&fields.address)) {
            (Some(_), Ok(address)) => autosave.open_for_geometry(&address, &fields.name),
            _ => None,
        };
        let mut inputs = vec![Input::RecentRooms(settings.recent.clone())];
        inputs.extend(first_inputs::first_inputs(
            &fields,
            args.address.as_deref(),
            !args.no_search,
            &settings.recent,
        ));
        // After the login, which begins with an empty status line.
        inputs.extend(trouble.map(Input::Note));
        let model = Rc::new(RefCell::new(Model::new(on_the_wall)));
        let window = Window::open(Rc::clone(&model), &fields, settings, geometry)?;
        let link = Link::start(window::wake)
            .map_err(|e| Failure::new(format!("The network cannot be used: {}.", reason(&e))))?;
        let desktop_is_dark = ask_desktop();
        let (sender, notes) = mpsc::channel();
        let note = move |input| {
            // Fails if the window is closed.
            let _ = sender.send(input);
            window::wake();
        };
        let settings_writer = path.map(|path| {
            let note = note.clone();
            SettingsWriter::start(path, move |sentence| note(Input::Note(sentence)))
        });
        let settings_writer = settings_writer.transpose().map_err(|e| no_thread(&e))?;
        let notifier = Notifier::new(move |sentence| note(Input::MinorNote(sentence)));
        Ok(Run {
            model,
            window,
            link,
            autosave,
            settings_writer,
            notifier,
            bell: Bell::default(),
            discovery: None,
            may_search: !args.no_search,
            fields,
            inputs,
            notes,
            desktop_is_dark,
            shown_at: Instant::now(),
            redraw_due: false,
        })
    }

    /// Runs one turn of the loop. `false` ends the run.
    fn turn(&mut self) -> bool {
        self.take_from_threads();
        self.model.borrow_mut().update(Input::Time(Stamp::now()));
        let acted = self.take_actions();
        self.save_if_due();
        self.take_reports();
        if !self.update_model(acted.any) {
            return false;
        }
        self.search_rooms();
        if acted.any || self.redraw_due && self.shown_at.elapsed() >= REDRAW {
            self.show();
        }
        !acted.quits
    }

    /// Takes in what the threads beside the link found out.
    fn take_from_threads(&mut self) {
        if let Ok(dark) = self.desktop_is_dark.try_recv() {
            self.window.set_system_dark(dark);
        }
        self.inputs.extend(self.notes.try_iter());
    }

    /// Carries out the user's actions, or makes inputs of them.
    fn take_actions(&mut self) -> Acted {
        let mut acted = Acted {
            any: false,
            quits: false,
        };
        while let Some(action) = self.window.next_action() {
            acted.any = true;
            match action {
                // A message sent before still goes out.
                Action::Quit => {
                    acted.quits = true;
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
                Action::Model(input) => {
                    if matches!(input, Input::Front(true)) {
                        self.notifier.forget();
                    }
                    self.inputs.push(input);
                }
                Action::OpenUrl(url) => self.open_url(&url),
                Action::Settings(settings) => self.choose_settings(*settings),
                Action::Window(_) => {}
            }
        }
        acted
    }

    /// Saves what waited long enough, and takes in what has reached the disk.
    fn save_if_due(&mut self) {
        match self.autosave.newly_durable() {
            Ok(keys) if keys.is_empty() => {}
            Ok(keys) => self.inputs.push(Input::Durable(keys)),
            Err(sentence) => self.inputs.push(Input::Note(sentence)),
        }
        if self.autosave.due() == Some(Duration::ZERO) {
            let session = self.model.borrow().session_to_save();
            self.save_now(session);
        }
    }

    /// Takes in the link's reports.
    fn take_reports(&mut self) {
        let reports = self.link.take().into_iter().map(Input::Link);
        self.inputs.extend(reports);
    }

    /// Gives the model its inputs and carries out the effects, round by round, since effects bring
    /// new inputs. `acted` says that the user has done something. `false` ends the run.
    fn update_model(&mut self, acted: bool) -> bool {
        let mut rounds = 0;
        while !self.inputs.is_empty() && rounds < MAX_ROUNDS {
            rounds += 1;
            let mut effects = Vec::new();
            for input in std::mem::take(&mut self.inputs) {
                effects.extend(self.update_with(input));
            }
            self.redraw_due = true;
            let session = self.model.borrow().session_to_save();
            self.save_soon(session);
            if acted || !effects.is_empty() {
                // Shown first: a field has to be there before it can get the focus.
                self.show();
            }
            for effect in effects {
                if !self.carry_out(effect) {
                    return false;
                }
            }
        }
        true
    }

    /// Gives the model one input; returns the effects.
    fn update_with(&mut self, input: Input) -> Vec<Effect> {
        match input {
            // Several keys may have come at once: the text that they left counts.
            Input::Draft(_) => self.update_draft(),
            Input::Send { text, key } => self.update_with_message(text, key),
            Input::Link(Report::LoggedIn { .. }) => self.update_with_login(input),
            input => self.model.borrow_mut().update(input),
        }
    }

    /// Gives the model the text that is in the input now.
    fn update_draft(&mut self) -> Vec<Effect> {
        let draft = Input::Draft(self.window.draft());
        self.model.borrow_mut().update(draft)
    }

    /// Gives the model a text that was entered. A text that it does not accept goes back into the
    /// input.
    fn update_with_message(&mut self, text: String, key: Key) -> Vec<Effect> {
        let input = Input::Send {
            text: text.clone(),
            key,
        };
        let effects = self.model.borrow_mut().update(input);
        let is_accepted = |e: &Effect| matches!(e, Effect::Accepted(_) | Effect::Quit);
        if !effects.iter().any(is_accepted) {
            self.window.give_back(&text);
        }
        self.update_draft();
        effects
    }

    /// Gives the model an accepted login, and changes to its session file.
    fn update_with_login(&mut self, input: Input) -> Vec<Effect> {
        // Text written under the old name belongs to its file.
        let before = self.model.borrow().session_to_save();
        let effects = self.model.borrow_mut().update(input);
        if effects.iter().any(|e| matches!(e, Effect::LoggedIn(_))) {
            self.save_now(before);
            self.autosave.accept_login();
            self.inputs.push(Input::Saving(self.autosave.is_saving()));
        }
        effects
    }

    /// Saves a session with the window's geometry, at once.
    fn save_now(&mut self, session: Option<SavedSession>) {
        let saved = self.autosave.save(session, self.window.geometry());
        self.inputs.extend(saved.err().map(Input::Note));
    }

    /// Saves a session with the window's geometry, at once if that matters.
    fn save_soon(&mut self, session: Option<SavedSession>) {
        let saved = self.autosave.save_soon(session, self.window.geometry());
        self.inputs.extend(saved.err().map(Input::Note));
    }

    /// Searches for rooms while the model wants it.
    fn search_rooms(&mut self) {
        if !self.may_search || !self.model.borrow().searches_for_rooms() {
            self.discovery = None;
            return;
        }
        let discovery = self.discovery.get_or_insert_with(|| {
            let last = self.window.settings().recent.into_iter().next();
            let last = last.and_then(|last| Address::parse(&last).ok());
            let mut probed = vec![Address::default()];
            probed.extend(last.filter(|last| *last != probed[0]));
            Discovery::start(probed, health, window::wake)
        });
        for found in discovery.take() {
            self.inputs.push(match found {
                Discovered::Nearby(change) => Input::Nearby(change),
                Discovered::Answered(room) => Input::RoomAnswered(room),
                Discovered::Trouble(sentence) => Input::Note(sentence),
                Discovered::LongEnough => Input::SearchedLongEnough {
                    busy: self.window.fields() != self.fields,
                },
            });
        }
    }

    /// Shows the model in the window.
    fn show(&mut self) {
        self.window.show();
        self.shown_at = Instant::now();
        self.redraw_due = false;
    }

    /// Carries out an effect. `false` ends the run.
    fn carry_out(&mut self, effect: Effect) -> bool {
        match effect {
            Effect::LogIn(login) => self.log_in(login),
            Effect::LoggedIn(address) => self.enter(&address),
            Effect::FillAddress(address) => self.window.fill_address(&address),
            Effect::ChooseRoom => self.window.choose_room(),
            Effect::LoginFailed => self.autosave.refuse_login(),
            Effect::Send(message) => self.link.send(LinkCommand::Send(message)),
            Effect::Fetch(query) => self.link.send(LinkCommand::Fetch(query)),
            Effect::TryNow => self.link.send(LinkCommand::TryNow),
            Effect::Accepted(text) => self.window.remember_sent(&text),
            Effect::Restore(text) => self.window.restore(&text),
            Effect::Focus(field) => self.window.focus(field),
            Effect::GoToUnread => self.window.go_to_unread(),
            Effect::GoToEnd => self.window.go_to_end(),
            Effect::GoToStart => self.window.go_to_start(),
            Effect::GoToEvent(offset) => self.window.go_to_event(offset),
            Effect::Notify { from, text } => self.notify(from, text),
            Effect::Quit => return false,
        }
        true
    }

    /// Logs in with the saved state of that room and name.
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

    /// Closes the login, and remembers the room's address.
    fn enter(&mut self, address: &Address) {
        self.window.close_login();
        let address = address.to_string();
        self.change_settings(move |settings| settings.remember(&address));
        let recent = self.window.settings().recent;
        self.inputs.push(Input::RecentRooms(recent));
    }

    /// Notifies the user of a mention as the settings want it.
    fn notify(&mut self, from: String, text: String) {
        let settings = self.window.settings();
        if settings.bell && self.bell.rings(Instant::now()) {
            self.window.bell();
        }
        if settings.notify {
            let room = self.model.borrow().room();
            let room = room.map(|(room, _)| room).unwrap_or_default();
            self.notifier.notify(Mention { room, from, text });
        }
    }

    /// Opens a URL in the browser.
    fn open_url(&mut self, url: &str) {
        if !urls::opens(url) {
            return;
        }
        if let Err(error) = browser::open(url) {
            self.inputs.push(Input::Note(format!(
                "{url} could not be opened: {}. Is there a browser, and the xdg-open command?",
                reason(&error)
            )));
        }
    }

    /// Applies the settings that the user chose.
    fn choose_settings(&mut self, chosen: Settings) {
        self.change_settings(move |settings| settings.choose(&chosen));
    }

    /// Changes the settings here and in their file.
    fn change_settings(&mut self, change: impl Fn(&mut Settings) + Send + 'static) {
        let mut settings = self.window.settings();
        change(&mut settings);
        if let Some(settings_writer) = &self.settings_writer {
            settings_writer.change(change);
        }
        self.window.apply(settings);
    }

    /// Waits for an event or for the next redraw. `false` if the window is gone.
    fn wait(&mut self) -> bool {
        let redraw = self
            .redraw_due
            .then(|| REDRAW.saturating_sub(self.shown_at.elapsed()));
        let clock = self.model.borrow().changes_in();
        let autosave = self.autosave.due();
        let discovery = self.discovery.as_ref().and_then(Discovery::due);
        let times = [redraw, clock, autosave, discovery];
        let soonest = times.into_iter().flatten().min();
        let work = (!self.inputs.is_empty()).then_some(Duration::ZERO);
        let open = self.window.wait(work.or(soonest));
        if clock.is_some() && clock == soonest {
            // The clock has advanced, which is shown.
            self.redraw_due = true;
        }
        open
    }

    /// Closes the window, logs off, and saves what is left.
    fn end(mut self) {
        self.window.hide();
        let last_reports = self.link.close(CLOSE_TIMEOUT);
        // A message that was answered meanwhile needs no repeat.
        for report in last_reports {
            self.model.borrow_mut().update(Input::Link(report));
        }
        let session = self.model.borrow().session_to_save();
        let is_in = self.model.borrow().is_in();
        let session = session.map(|session| SavedSession {
            token: session.token.filter(|_| !is_in),
            ..session
        });
        // There is no window left that could show an error.
        let _ = self.autosave.save(session, self.window.geometry());
    }
}

/// The fields of the login as the command line, the environment and the settings fill them.
fn login_fields(args: &GuiArgs, settings: &Settings) -> Result<LoginFields, Failure> {
    let address = args.address.clone();
    let address = address.or_else(|| settings.recent.first().cloned());
    Ok(LoginFields {
        address: address.unwrap_or_else(|| Address::default().to_string()),
        name: args.name.clone().unwrap_or_default(),
        key: room_key::find(args.key_file.as_deref())?.unwrap_or_default(),
    })
}
