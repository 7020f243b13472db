"""A small window with one of everything, for testing what tests act with. Usage: demo_window.py SCREEN_MAP NOTES

Everything it is told or given goes to the file NOTES, one JSON object a line.
"""

from __future__ import annotations

import json
import sys
import tkinter as tk
from functools import partial
from pathlib import Path
from tkinter import messagebox, ttk
from typing import Any

from tkinterdnd2 import DND_FILES, TkinterDnD

from gpu_assistant.ui.screen_map import ScreenMap, named, secret


class Bars(tk.Canvas):
    """A drawing that says what it shows."""

    def describe(self) -> list[dict[str, Any]]:
        """Two bars."""
        return [
            {"name": "demo.bar/espresso", "text": "espresso 95.4%", "rect": (0, 0, 80, 20)},
            {"name": "demo.bar/cup", "text": "cup 1.2%", "rect": (0, 20, 40, 20)},
        ]


class DemoWindow:
    """The window; `notes` is where it writes."""

    def __init__(self, root: tk.Tk, notes: Path) -> None:
        self._root = root
        self._notes = notes
        self._tick = 0
        root.title("Demo: widgets")
        self._fill_left(ttk.Frame(root, padding=8))
        self._fill_right(ttk.Frame(root, padding=8))
        root.geometry("760x560+480+40")

    def _note(self, **what: Any) -> None:
        with self._notes.open("a", encoding="utf-8") as file:
            file.write(json.dumps(what, ensure_ascii=False) + "\n")

    def _fill_left(self, left: ttk.Frame) -> None:
        left.pack(side="left", fill="y")
        self._name = named(ttk.Entry(left), "demo.name")
        self._key = named(secret(ttk.Entry(left, show="•")), "demo.key")
        self._bare_key = named(secret(ttk.Label(left, text="bare-KEY-0123456789")), "demo.bare_key")
        button = named(ttk.Button(left, text="Greet", command=self._greet), "demo.greet")
        self._greeting = named(ttk.Label(left), "demo.greeting")
        self._off = named(ttk.Button(left, text="Not now"), "demo.off")
        self._off.state(["disabled"])
        self._tls = tk.BooleanVar(value=False)
        tls = named(ttk.Checkbutton(left, text="Use TLS", variable=self._tls), "demo.tls")
        self._size = tk.StringVar(value="small")
        small = ttk.Radiobutton(left, text="Small", value="small", variable=self._size)
        large = named(ttk.Radiobutton(left, text="Large", value="large", variable=self._size), "demo.large")
        regions = ["westeurope", "koreacentral", "eastus"]
        self._region = named(ttk.Combobox(left, values=regions, state="readonly"), "demo.region")
        dialog = named(ttk.Button(left, text="Delete everything…", command=self._ask), "demo.delete")
        slow = named(ttk.Button(left, text="Later", command=lambda: self._root.after(700, self._arrive)), "demo.later")
        menu = named(ttk.Menubutton(left, text="Language"), "demo.language")
        entries = tk.Menu(menu, tearoff=False)
        for language in ("English", "한국어"):
            entries.add_command(label=language, command=partial(self._note, language=language))
        menu.configure(menu=entries)
        broken = ttk.Button(left, text="Break", command=self._break)
        self._pages = ttk.Frame(left)
        below = named(ttk.Label(self._pages, text="a page below"), "demo.below")
        above = named(ttk.Label(self._pages, text="a page above"), "demo.above")
        for page in (below, above):
            page.grid(row=0, column=0, sticky="nsew")
        for widget in (
            *(self._name, self._key, self._bare_key, button, self._greeting, self._off, tls, small, large),
            *(self._region, dialog, slow, menu, broken, self._pages),
        ):
            widget.pack(anchor="w", pady=3, fill="x")

    def _fill_right(self, right: ttk.Frame) -> None:
        right.pack(side="left", fill="both", expand=True)
        table = named(ttk.Treeview(right, columns=("gpu", "price"), show="headings", height=6), "demo.sizes")
        for column in ("gpu", "price"):
            table.heading(column, text=column.title(), command=partial(self._note, heading=column))
            table.column(column, width=120)
        for number in range(40):
            table.insert("", "end", iid=f"size-{number}", values=(f"T4 × {number}", f"${number}.50"))
        table.bind("<<TreeviewSelect>>", lambda event: self._note(rows=list(table.selection())))
        table.bind("<Double-1>", lambda event: self._note(opened=table.focus()))
        table.pack(fill="x")
        named(Bars(right, width=200, height=40), "demo.bars").pack(anchor="w")
        tabs = ttk.Notebook(right)
        for title in ("Curl", "Python code"):
            tabs.add(ttk.Label(tabs, text=f"text of {title}"), text=title)
        tabs.pack(anchor="w", fill="x")
        self._log = named(tk.Text(right, height=3, width=30), "demo.log")
        self._log.insert("1.0", "first line\n" * 30)
        self._log.insert("end", "the last line")
        self._log.pack(anchor="w")
        zone = named(tk.Frame(right, background="#dde", height=150), "demo.drop")
        zone.pack(fill="both", expand=True)
        zone.drop_target_register(DND_FILES)  # type: ignore[attr-defined]
        zone.dnd_bind("<<Drop>>", self._dropped)  # type: ignore[attr-defined]

    def _greet(self) -> None:
        self._greeting.configure(text=f"Hello, {self._name.get()}!")
        self._note(name=self._name.get(), key=self._key.get(), tls=self._tls.get(), size=self._size.get(),
                   region=self._region.get())  # fmt: skip

    def _break(self) -> None:
        raise KeyError("nothing there")

    def _arrive(self) -> None:
        self._greeting.configure(text="arrived late")

    def _ask(self) -> None:
        self._note(deleted=messagebox.askyesno("Delete", "Really delete everything?"))

    def _dropped(self, event: Any) -> str:
        self._note(dropped=list(self._root.tk.splitlist(event.data)))
        return str(event.action)


def main(screen_map: Path, notes: Path) -> None:
    """Show the window until it is closed."""
    root = TkinterDnD.Tk()
    DemoWindow(root, notes)
    ScreenMap(root, screen_map)
    root.mainloop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
