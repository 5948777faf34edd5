//! Repair of characters that readers mix up, each one told with its reason.
//!
//! Only what is provably wrong is touched, and only by a rule that leaves one choice. A repair makes check digits right
//! by construction, so it is no proof: see [`crate::mrz::Mrz::validated_without_repair`].

mod confusion;

use std::fmt;

pub use self::confusion::confusions;
use crate::mrz::{
    alphabet::{Symbol, SymbolSet},
    checks::{Check, check, check_composite, long_number},
    fields,
    format::{FieldKind, FieldSpec, Grammar, Position, Role},
    zone::Zone,
};

/// Why a character was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its place does not admit it, and admits one character that readers mix it up with.
    Grammar,
    /// Of all such substitutions this one alone makes the check digits right, or is by far the likeliest that does.
    CheckDigit,
    /// The printed zone has it, and the check digits agree.
    Printed,
}

/// One character replaced. The characters are not shown by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Repair {
    /// Where.
    pub at: Position,
    /// What stands there.
    pub role: Role,
    /// The character as read.
    pub from: Symbol,
    /// The character now.
    pub to: Symbol,
    /// By which rule.
    pub why: Why,
}

impl fmt::Debug for Repair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Repair");
        shown.field("at", &self.at).field("role", &self.role).field("why", &self.why).finish_non_exhaustive()
    }
}

/// A field's text as the printed zone of the document has it.
#[derive(Clone, Copy)]
pub struct Printed<'a> {
    /// Which field.
    pub field: FieldKind,
    /// In the zone's spelling (`ERIKSSON<<ANNA`, `740812`), with or without trailing fillers. A text that is not in the
    /// zone's alphabet or too long for the field supports nothing.
    pub text: &'a str,
}

/// The zone with what could be repaired, and how.
///
/// First by grammar; then by the printed zone in fields that are wrong; then, where a single check digit is wrong, the
/// one substitution that makes it and the composite right, if it is the only one.
pub fn repair(zone: &Zone, printed: &[Printed<'_>]) -> (Zone, Vec<Repair>) {
    let mut repairer = Repairer { zone: zone.clone(), repairs: Vec::new() };
    repairer.by_grammar();
    for printed in printed {
        repairer.by_print(*printed);
    }
    repairer.by_check_digit();
    (repairer.zone, repairer.repairs)
}

/// Makes the likeliest of several substitutions that make all check digits right.
///
/// None where there are not several, or none is [`LEAD_MIN`] likelier than each other. `likelihood` is a recogniser's natural logarithm for a character at a place.
pub fn choose(zone: &Zone, likelihood: impl Fn(Position, Symbol) -> f64) -> Option<(Zone, Repair)> {
    let mut ways: Vec<_> = ways(zone).into_iter().map(|(at, to)| (likelihood(at, to), at, to)).collect();
    ways.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
    let [(first, at, to), (second, ..), ..] = ways.as_slice() else { return None };
    if !first.is_finite() || first - second < LEAD_MIN {
        return None;
    }
    let mut repairer = Repairer { zone: zone.clone(), repairs: Vec::new() };
    repairer.put(*at, *to, Why::CheckDigit);
    repairer.repairs.pop().map(|repair| (repairer.zone, repair))
}

/// How much likelier a repair is than every other that makes the check digits right, nats.
pub const LEAD_MIN: f64 = 3.0;

struct Repairer {
    zone: Zone,
    repairs: Vec<Repair>,
}

impl Repairer {
    fn put(&mut self, at: Position, to: Symbol, why: Why) {
        let (from, role) = (self.zone.at(at), self.zone.format().role(at));
        if let Some(role) = role.filter(|_| from != to) {
            self.repairs.push(Repair { at, role, from, to, why });
            self.zone = self.zone.with(at, to);
        }
    }

    fn by_grammar(&mut self) {
        let format = self.zone.format();
        for line in 0..format.line_count() {
            for at in (0..format.line_len()).map(|column| Position { line, column }) {
                let (symbol, allowed) = (self.zone.at(at), self.zone.allowed(at));
                if !allowed.contains(symbol)
                    && let Some(to) = self.known_state(at, confusions(symbol).and(allowed)).only()
                {
                    self.put(at, to, Why::Grammar);
                }
            }
        }
        self.clear_tail_of_names();
    }

    /// Of several candidates in a state's code, those that make it a known one.
    fn known_state(&self, at: Position, candidates: SymbolSet) -> SymbolSet {
        let spec = match self.zone.format().role(at) {
            Some(Role::Value(kind)) => self.zone.format().field(kind),
            _ => return candidates,
        };
        if spec.grammar != Grammar::State || candidates.only().is_some() {
            return candidates;
        }
        candidates.iter().filter(|to| fields::fault(&self.zone.with(at, *to), &spec).is_none()).collect()
    }

    /// Behind the names only fillers may stand: letters there that look like fillers are fillers, if all do.
    ///
    /// One letter misread as a filler leaves four in a row at most (`A<K<<L`), so names end before five.
    fn clear_tail_of_names(&mut self) {
        let spec = self.zone.format().field(FieldKind::Names);
        if fields::fault(&self.zone, &spec) != Some(fields::Fault::Names) {
            return;
        }
        let Some(tail) = self.zone.text(spec.span).find("<<<<<") else { return };
        let letters: Vec<Position> =
            spec.span.positions().skip(tail).filter(|at| self.zone.at(*at) != Symbol::FILLER).collect();
        if letters.iter().all(|at| confusions(self.zone.at(*at)).contains(Symbol::FILLER)) {
            for at in letters {
                self.put(at, Symbol::FILLER, Why::Grammar);
            }
        }
    }

    /// Takes the printed text over a field that is wrong, where it differs in look-alikes only and makes it right.
    fn by_print(&mut self, printed: Printed<'_>) {
        let spec = self.zone.format().field(printed.field);
        let symbols: Option<Vec<Symbol>> = printed.text.bytes().map(Symbol::from_ascii).collect();
        let Some(symbols) = symbols.filter(|symbols| symbols.len() <= spec.span.len && !symbols.is_empty())
        else {
            return;
        };
        if is_right(&self.zone, &spec) {
            return;
        }
        let printed = symbols.into_iter().chain(std::iter::repeat(Symbol::FILLER));
        let changes: Vec<(Position, Symbol)> =
            spec.span.positions().zip(printed).filter(|(at, to)| self.zone.at(*at) != *to).collect();
        let is_look_alike = |(at, to): &(Position, Symbol)| {
            confusions(self.zone.at(*at)).contains(*to) && self.zone.allowed(*at).contains(*to)
        };
        let changed = changes.iter().fold(self.zone.clone(), |zone, (at, to)| zone.with(*at, *to));
        if changes.iter().all(is_look_alike) && is_right(&changed, &spec) {
            for (at, to) in changes {
                self.put(at, to, Why::Printed);
            }
        }
    }

    fn by_check_digit(&mut self) {
        if let [(at, to)] = ways(&self.zone)[..] {
            self.put(at, to, Why::CheckDigit);
        }
    }
}

/// Every look-alike that makes all check digits right, where one of them is wrong.
fn ways(zone: &Zone) -> Vec<(Position, Symbol)> {
    let format = zone.format();
    let wrong: Vec<&FieldSpec> =
        format.fields().iter().filter(|spec| is_check_wrong(check(zone, spec))).collect();
    let places: Vec<Position> = match (wrong.as_slice(), check_composite(zone)) {
        ([], Some(composite)) if is_check_wrong(composite) => {
            let fields = format.fields().iter();
            let covered = fields.filter(|spec| check(zone, spec) == Check::CompositeOnly);
            let digit = format.composite().map(|composite| composite.check_digit);
            covered.flat_map(|spec| spec.span.positions()).chain(digit).collect()
        }
        ([spec], _) => {
            let is_long = spec.kind == FieldKind::DocumentNumber && long_number(zone).is_some();
            let rest = is_long.then(|| format.field(FieldKind::OptionalData).span.positions());
            spec.span.positions().chain(spec.check_digit).chain(rest.into_iter().flatten()).collect()
        }
        _ => return Vec::new(),
    };
    let candidates = places.into_iter().flat_map(|at| {
        let look_alikes = confusions(zone.at(at)).and(zone.allowed(at));
        look_alikes.iter().map(move |to| (at, to)).collect::<Vec<_>>()
    });
    candidates.filter(|(at, to)| is_checked(&zone.with(*at, *to))).collect()
}

/// Whether all check digits are right.
fn is_checked(zone: &Zone) -> bool {
    let mut checks = zone.format().fields().iter().map(|spec| check(zone, spec)).chain(check_composite(zone));
    !checks.any(is_check_wrong)
}

/// Whether nothing speaks against the field: its text, its check digit, or the composite where that alone covers it.
fn is_right(zone: &Zone, spec: &FieldSpec) -> bool {
    let check = match check(zone, spec) {
        Check::CompositeOnly => check_composite(zone).unwrap_or(Check::Unprotected),
        own => own,
    };
    !is_check_wrong(check) && fields::fault(zone, spec).is_none()
}

const fn is_check_wrong(check: Check) -> bool {
    matches!(check, Check::Wrong | Check::Absent)
}
