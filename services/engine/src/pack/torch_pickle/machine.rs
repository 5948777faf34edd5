//! The pickle machine: just the instructions that state dictionaries use; calls are recorded, never made.

use std::collections::HashMap;

/// Most objects a pickle may put on its stack or into its memo.
const OBJECTS_MAX: usize = 1 << 16;

/// What a pickle describes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Object {
    /// `None`, `True`, `False`.
    Constant,
    /// A number of up to 32 bits.
    Number(i64),
    /// A longer number, little endian.
    Long(Vec<u8>),
    Text(String),
    Tuple(Vec<Object>),
    List(Vec<Object>),
    Dictionary(Vec<(Object, Object)>),
    /// A class or function: module, space, name.
    Global(String),
    /// A storage by its persistent id.
    Storage(Vec<Object>),
    /// A function and what it would be called with.
    Call(String, Vec<Object>),
    /// Begins a run of objects.
    Mark,
}

/// Runs one pickle; returns its object and the bytes after it.
pub(super) fn run(bytes: &[u8]) -> Result<(Object, &[u8]), String> {
    let mut machine = Machine { rest: bytes, stack: Vec::new(), memo: HashMap::new() };
    loop {
        let code = machine.take(1)?[0];
        if code == b'.' {
            let object = machine.pop()?;
            return Ok((object, machine.rest));
        }
        machine.step(code)?;
        if machine.stack.len() > OBJECTS_MAX || machine.memo.len() > OBJECTS_MAX {
            return Err("the pickle has too many objects".into());
        }
    }
}

struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Object>,
    memo: HashMap<u32, Object>,
}

impl<'a> Machine<'a> {
    fn step(&mut self, code: u8) -> Result<(), String> {
        match code {
            0x80 => {
                // PROTO and its version.
                self.take(1)?;
            }
            b'(' => self.stack.push(Object::Mark),
            b'N' | 0x88 | 0x89 => self.stack.push(Object::Constant),
            b')' => self.stack.push(Object::Tuple(Vec::new())),
            b']' => self.stack.push(Object::List(Vec::new())),
            b'}' => self.stack.push(Object::Dictionary(Vec::new())),
            b'K' | b'M' | b'J' => self.push_number(code)?,
            0x8a => {
                let len = usize::from(self.take(1)?[0]);
                let digits = self.take(len)?.to_vec();
                self.stack.push(Object::Long(digits));
            }
            b'X' => {
                let len = self.take_u32()? as usize;
                let text = String::from_utf8(self.take(len)?.to_vec()).map_err(|error| error.to_string())?;
                self.stack.push(Object::Text(text));
            }
            b'c' => {
                let name = format!("{} {}", self.take_line()?, self.take_line()?);
                self.stack.push(Object::Global(name));
            }
            b'q' | b'r' | b'h' | b'j' => self.remember(code)?,
            b't' | 0x85 | 0x86 | 0x87 => self.build_tuple(code)?,
            b'Q' => match self.pop()? {
                Object::Tuple(id) => self.stack.push(Object::Storage(id)),
                _ => return Err("a persistent id is not a tuple".into()),
            },
            b'R' => self.call()?,
            b's' | b'u' | b'e' => self.extend(code)?,
            // BUILD: attributes of the dictionary, of no use here.
            b'b' => {
                self.pop()?;
            }
            _ => return Err(format!("unexpected instruction 0x{code:02x}")),
        }
        Ok(())
    }

    fn push_number(&mut self, code: u8) -> Result<(), String> {
        let number = match code {
            b'K' => i64::from(self.take(1)?[0]),
            b'M' => {
                let two = self.take(2)?;
                i64::from(u16::from_le_bytes([two[0], two[1]]))
            }
            _ => i64::from(self.take_u32()?.cast_signed()),
        };
        self.stack.push(Object::Number(number));
        Ok(())
    }

    /// `BINPUT`, `LONG_BINPUT`, `BINGET`, `LONG_BINGET`.
    fn remember(&mut self, code: u8) -> Result<(), String> {
        let index = if matches!(code, b'q' | b'h') { u32::from(self.take(1)?[0]) } else { self.take_u32()? };
        if matches!(code, b'q' | b'r') {
            // Containers are left out: no state dictionary asks for one again, and copies of copies would grow without bound.
            let object = self.stack.last().ok_or("the stack is empty")?;
            if matches!(object, Object::Text(_) | Object::Global(_) | Object::Number(_)) {
                self.memo.insert(index, object.clone());
            }
        } else {
            let object = self.memo.get(&index).ok_or("the memo lacks an object")?.clone();
            self.stack.push(object);
        }
        Ok(())
    }

    fn build_tuple(&mut self, code: u8) -> Result<(), String> {
        let items = match code {
            b't' => self.pop_to_mark()?,
            _ => {
                let count = usize::from(code - 0x84);
                let start = self.stack.len().checked_sub(count).ok_or("the stack is empty")?;
                self.stack.split_off(start)
            }
        };
        self.stack.push(Object::Tuple(items));
        Ok(())
    }

    fn call(&mut self) -> Result<(), String> {
        let (Object::Tuple(arguments), Object::Global(function)) = (self.pop()?, self.pop()?) else {
            return Err("a call is not of a global with a tuple".into());
        };
        self.stack.push(if function == "collections OrderedDict" {
            Object::Dictionary(Vec::new())
        } else {
            Object::Call(function, arguments)
        });
        Ok(())
    }

    /// SETITEM, SETITEMS, APPENDS.
    fn extend(&mut self, code: u8) -> Result<(), String> {
        let items = if code == b's' {
            let (value, key) = (self.pop()?, self.pop()?);
            vec![key, value]
        } else {
            self.pop_to_mark()?
        };
        match self.stack.last_mut() {
            Some(Object::Dictionary(entries)) if code != b'e' && items.len().is_multiple_of(2) => {
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    entries.push((key, value));
                }
                Ok(())
            }
            Some(Object::List(list)) if code == b'e' => {
                list.extend(items);
                Ok(())
            }
            _ => Err("items are added to something else than a dictionary or a list".into()),
        }
    }

    fn pop(&mut self) -> Result<Object, String> {
        self.stack.pop().ok_or_else(|| "the stack is empty".into())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Object>, String> {
        let mark =
            self.stack.iter().rposition(|object| *object == Object::Mark).ok_or("a mark is missing")?;
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(items)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or("the data end early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn take_u32(&mut self) -> Result<u32, String> {
        let four = self.take(4)?;
        Ok(u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
    }

    fn take_line(&mut self) -> Result<String, String> {
        let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or("the data end early")?;
        let line = self.take(end + 1)?;
        String::from_utf8(line[..end].to_vec()).map_err(|error| error.to_string())
    }
}
