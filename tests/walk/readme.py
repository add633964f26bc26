# SPDX-License-Identifier: GPL-2.0-or-later
"""What README tells its reader to type, in its order: lines of code blocks, and what stands between backticks in the text.

In a block each line is a command, with an explanation behind `  # ` at most; lines like `thursday# …   friday# …` name the machine of each.
A line that begins with an address is a line of the table. In the text, `…` is a command when its first word is a program that is there
and more than an option follows, and a setting when it looks like `key: {…}`; else it is a name, an option or a piece of something.
"""
import re
import shutil
from dataclasses import dataclass

PROMPT = re.compile(r"(?:^|\s{2,})([a-z]+)# ")
TABLE_LINE = re.compile(r"[0-9a-f.:]+ [a-z]+ #!")
SETTING = re.compile(r"[a-z_]+: [{\[]")


@dataclass(frozen=True)
class Said:
    line: int  # of README
    text: str
    machine: str = ""  # where it names one
    kind: str = "command"  # or "table", "setting"

    def __str__(self):
        return f"README.md:{self.line}: {self.text}"


def block_line(number, text):
    text = re.sub(r"\s+# .*$", "", text) if not PROMPT.search(text) else text
    prompts = list(PROMPT.finditer(text))
    if not prompts:
        return [Said(number, text.strip(), kind="table" if TABLE_LINE.match(text) else "command")]
    ends = [prompt.start() for prompt in prompts[1:]] + [len(text)]
    return [Said(number, text[prompt.end():end].strip(), prompt.group(1)) for prompt, end in zip(prompts, ends)]


def span(number, text, programs):
    words = text.split()
    if SETTING.match(text):
        return [Said(number, text, kind="setting")]
    if len(words) > 1 and (words[0] in programs or shutil.which(words[0]) or "/" in words[0]) and not (len(words) == 2 and words[1].startswith("-")):
        return [Said(number, text)]
    return []


def read(path, programs):
    """Everything that is said in the file; `programs` are those that its reader has after the installation."""
    said, in_block, rest, begin = [], False, "", 0
    for number, line in enumerate(path.read_text().splitlines() + [""], 1):
        if line.startswith("```"):
            in_block = not in_block
            is_picture = in_block and line.startswith("```text")
        elif in_block:
            if line.strip() and not is_picture and not re.search(r"[▶═─│]", line):
                said += block_line(number, line)
        elif line.strip():
            begin = begin if rest else number
            rest += line + "\n"
            continue
        # (a span may go over the end of a line: paragraphs are looked at whole)
        for found in re.finditer(r"`([^`]+)`", rest):
            said += span(begin + rest[:found.start()].count("\n"), " ".join(found.group(1).split()), programs)
        rest = ""
    if in_block:
        raise RuntimeError(f"{path}: a code block does not end")
    return sorted(said, key=lambda one: one.line)
