// SPDX-License-Identifier: GPL-2.0-or-later
// A program without tests: precompiled headers belong to a target, which needs a source file.
