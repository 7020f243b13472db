"""One look at everything Tk has on screen, taken in Tcl: a thousand single questions from Python would take too long.

`WALK` defines the command `::screen_map::look`. It answers with a Tcl list

    focus  screen-width  screen-height  {window …}

with the topmost window first, each `{path class title x y width height {widget …}}`, and each widget

    path  class  x  y  width  height  enabled  text  more

in the order in which X stacks them, lowest first, parents before children. `more` is a list of pairs: `checked 0|1`,
`mask 1`, `image 1`, `style NAME`, and `part {role id text x y width height enabled selected values}` for what Tk draws
itself inside the widget (rows, headings, tabs, menu entries), in the widget's own pixels. Times are not in it, so two
equal answers mean an unchanged screen.
"""

from __future__ import annotations

WALK = r"""
namespace eval ::screen_map {}

proc ::screen_map::look {} {
    set order [lreverse [wm stackorder .]]
    foreach menu [::screen_map::menus .] {
        if {$menu ni $order} { set order [linsert $order 0 $menu] }
    }
    set windows {}
    foreach top $order {
        if {![winfo viewable $top]} continue
        set widgets {}
        if {[winfo class $top] eq "Menu"} { lappend widgets [::screen_map::widget $top] }
        ::screen_map::walk $top widgets
        set title ""
        catch { set title [wm title $top] }
        lappend windows [list $top [winfo class $top] $title [winfo rootx $top] [winfo rooty $top] \
            [winfo width $top] [winfo height $top] $widgets]
    }
    return [list [focus] [winfo screenwidth .] [winfo screenheight .] $windows]
}

# Posted menus are windows of their own that the window manager does not know.
proc ::screen_map::menus {parent} {
    set found {}
    foreach child [winfo children $parent] {
        if {[winfo class $child] eq "Menu" && [winfo viewable $child]} { lappend found $child }
        lappend found {*}[::screen_map::menus $child]
    }
    return $found
}

proc ::screen_map::walk {parent into} {
    upvar 1 $into widgets
    foreach child [winfo children $parent] {
        if {![winfo ismapped $child] || [winfo toplevel $child] eq $child} continue
        if {[catch { ::screen_map::widget $child } seen]} { set seen [::screen_map::frame $child] }
        lappend widgets $seen
        ::screen_map::walk $child widgets
    }
}

# A widget of which nothing is told but where it is.
proc ::screen_map::frame {w} {
    return [list $w [winfo class $w] [winfo rootx $w] [winfo rooty $w] [winfo width $w] [winfo height $w] 1 "" {}]
}

proc ::screen_map::widget {w} {
    set class [winfo class $w]
    set text ""
    set enabled 1
    set more {}
    # asking in vain is slow, and frames are half of all widgets
    if {$class in {TFrame Frame TScrollbar Scrollbar TSeparator TPanedwindow Toplevel}} {
        return [::screen_map::frame $w]
    }
    if {[string match {T[A-Z]*} $class] || $class eq "Treeview"} {
        set enabled [expr {![$w instate disabled]}]
        if {$class eq "TButton"} { lappend more style [$w cget -style] }
    } else {
        catch { set enabled [expr {[$w cget -state] ne "disabled"}] }
    }
    switch -- $class {
        TEntry - Entry - TCombobox - TSpinbox - Spinbox {
            set text [$w get]
            set mask ""
            catch { set mask [$w cget -show] }
            if {$mask ne ""} {
                set text [string repeat [string index $mask 0] [string length $text]]
                lappend more mask 1
            }
        }
        Text {
            set text [string trimright [$w get @0,0 "@[winfo width $w],[winfo height $w] +1c"]]
            # a log that nobody can write into is not a disabled one
            set enabled 1
        }
        Canvas {}
        Treeview { lappend more {*}[::screen_map::tree $w] }
        Listbox { lappend more {*}[::screen_map::listbox $w] }
        TNotebook { lappend more {*}[::screen_map::tabs $w] }
        Menu { lappend more {*}[::screen_map::menu $w] }
        TProgressbar { set text "[$w cget -value] / [$w cget -maximum]" }
        TScale - Scale { set text [$w get] }
        TCheckbutton - TRadiobutton {
            set text [$w cget -text]
            lappend more checked [$w instate selected]
        }
        Checkbutton - Radiobutton {
            set text [$w cget -text]
            set on [expr {$class eq "Checkbutton" ? "-onvalue" : "-value"}]
            set checked 0
            catch { set checked [expr {[set ::[$w cget -variable]] eq [$w cget $on]}] }
            lappend more checked $checked
        }
        default { catch { set text [$w cget -text] } }
    }
    if {$text eq "" && $class ni {TEntry TCombobox Treeview Canvas Text}} {
        catch { if {[$w cget -image] ne ""} { lappend more image 1 } }
    }
    return [list $w $class [winfo rootx $w] [winfo rooty $w] [winfo width $w] [winfo height $w] $enabled $text $more]
}

proc ::screen_map::tree {w} {
    set parts {}
    set columns [$w cget -displaycolumns]
    if {$columns eq "#all"} { set columns [$w cget -columns] }
    set shows_tree [expr {"tree" in [$w cget -show]}]
    set selection [$w selection]
    set bottom [winfo height $w]
    set first_y $bottom
    set last ""
    for {set y 0} {$y < $bottom} {} {
        set item [$w identify item 1 $y]
        set box [expr {$item eq "" ? "" : [$w bbox $item]}]
        if {$box eq "" || $item eq $last} { incr y 4; continue }
        set last $item
        lassign $box x row_y width height
        set first_y [expr {min($first_y, $row_y)}]
        set values {}
        if {$shows_tree} { lappend values [$w item $item -text] }
        foreach column $columns { lappend values [$w set $item $column] }
        lappend parts part [list row $item [join $values "  "] $x $row_y $width $height 1 \
            [expr {$item in $selection}] $values]
        set y [expr {max($y + 1, $row_y + $height)}]
    }
    if {"headings" in [$w cget -show]} {
        set headed $columns
        if {$shows_tree} { set headed [linsert $columns 0 "#0"] }
        set total 0
        foreach column $headed { incr total [$w column $column -width] }
        set x [expr {-round([lindex [$w xview] 0] * $total)}]
        # without a row there is no telling where the headings end; two thirds of a line is inside any of them
        if {$first_y == $bottom} { set first_y [expr {[font metrics TkHeadingFont -linespace] * 2 / 3}] }
        foreach column $headed {
            set width [$w column $column -width]
            lappend parts part [list heading $column [$w heading $column -text] $x 0 $width $first_y 1 0 {}]
            incr x $width
        }
    }
    return $parts
}

proc ::screen_map::listbox {w} {
    set parts {}
    set selection [$w curselection]
    for {set i [$w nearest 0]} {$i >= 0 && $i <= [$w nearest [winfo height $w]]} {incr i} {
        set box [$w bbox $i]
        if {$box eq ""} continue
        set text [$w get $i]
        lappend parts part [list row $i $text {*}$box 1 [expr {$i in $selection}] [list $text]]
    }
    return $parts
}

# A notebook does not say where its tabs are, only which tab is at a point.
proc ::screen_map::tabs {w} {
    set tabs [$w tabs]
    set selected [$w select]
    set step 4
    set y 0
    set x [expr {[winfo width $w] / 40}]
    while {$y < 64 && [$w identify tab $x $y] eq ""} { incr y $step }
    set left [dict create]
    set right [dict create]
    for {set x 0} {$x < [winfo width $w]} {incr x $step} {
        set at [$w identify tab $x [expr {$y + $step}]]
        if {$at eq ""} continue
        if {![dict exists $left $at]} { dict set left $at $x }
        dict set right $at [expr {$x + $step}]
    }
    set parts {}
    dict for {at x} $left {
        set tab [lindex $tabs $at]
        set width [expr {[dict get $right $at] - $x}]
        lappend parts part [list tab $at [$w tab $at -text] $x $y $width [expr {4 * $step}] \
            [expr {[$w tab $at -state] ne "disabled"}] [expr {$tab eq $selected}] {}]
    }
    return $parts
}

proc ::screen_map::menu {w} {
    set parts {}
    set last [$w index end]
    if {$last in {"" none}} { return {} }
    for {set i 0} {$i <= $last} {incr i} {
        if {[$w type $i] in {separator tearoff}} continue
        set y [$w yposition $i]
        set below [expr {$i < $last ? [$w yposition [expr {$i + 1}]] : [winfo height $w]}]
        lappend parts part [list menuitem $i [$w entrycget $i -label] 0 $y [winfo width $w] [expr {$below - $y}] \
            [expr {[$w entrycget $i -state] ne "disabled"}] 0 {}]
    }
    return $parts
}
"""
