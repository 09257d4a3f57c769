"""Every key of session state: what a visit remembers, then the widgets and containers of each screen.

The visit's memory has keys with dots. Those with dashes belong to widgets and containers, and Streamlit puts each into
the page as a class: ``lab-footer`` is ``st-key-lab-footer`` in ``assets/style.css``.
"""

from __future__ import annotations

import re


class KeyPattern:
    """Makes keys of one form: ``KeyPattern("lab-bug-{name}")("dann")`` is “lab-bug-dann”."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._names = re.findall(r"{(\w+)}", pattern)

    def __call__(self, *parts: object) -> str:
        """Fill in the parts, in their order in the pattern."""
        return self._pattern.format(**dict(zip(self._names, parts, strict=True)))


# What a visit remembers -----------------------------------------------------------------------------------------------
EXPERIMENT = "lab.experiment"
RUN = "lab.run"
"""The id of the run whose results are shown."""
KNOWN_RUNS = "lab.found"
"""The ids of the runs that the session's links have led to."""
OWNER = "lab.owner"
"""A name for the visitor where the browser keeps no cookie."""
LANGUAGE = "lab.language"
"""The code of the language that was chosen by switch or link; absent while the browser decides."""
HIDDEN = "lab.hidden"
"""Parts that the link hides from a class."""
ROOM = "lab.room"
"""The room that the link comes from; in a frame of the lecture, “~” and the slide's place follow."""
EXERCISE = "lab.exercise"
"""What the link asks its reader to reach."""
EVERYTHING = "lab.everything"
"""Whether the visitor wants all parts of the screens open."""
PROBLEM = "lab.problem"
"""The error that the frame shows, and whether it is of a link."""
HISTORY = "lab.trail"
"""The links that the screen has had, for the browser's back and forward."""
WHAT_IF_DRAFT = "lab.what-if"
"""The settings that are tried in “What if”, by the run that they change."""
SCREEN_FIELDS = "lab.screen"
"""Fields of the address that are one screen's own: the lesson, the chapter, the runs side by side."""
CHAPTER_OF_RUN = "lab.chapter-of-run"
"""The chapter of the course that a run was started from, by the run."""
WATCHED_RUN = "lab.watched"
"""The run that was seen going on from another screen than its own, where its end is then announced."""
FOLLOWED_RUN = "lab.followed"
"""The run that was seen going on from Train, where its end then gives the focus to the way on."""
UPLOADS = "lab.brought"
"""Places of uploaded files that are not in use yet, by the uploader's key."""
COLUMNS = "lab.chosen"
"""Settings of a table's columns, by the places that they are about."""
BROWSED_AREA = "lab.browsed"
"""The chosen pair, and the area of the catalogue that was looked at since."""
REPORTED_PAIR = "lab.report"
"""The pair whose report was asked for."""
NIGHT_DRAFT = "lab.night"
"""Settings of the night that are tried on one scene."""
THIRD_IS_OWN = "lab.third.own"
"""Whether the visitor is choosing files of their own for the third domain."""
LAST_METHODS = "lab.method.last"
"""The method that was chosen last in each family, so that a look at another family loses nothing."""
ADVICE = "lab.advice"
"""The data that were looked at, and the kind of shift that they suggest."""
SESSION = "lab.session"
"""A random name for the session, among those that follow something or have requested layouts."""
TSNE_RUN = "lab.features.tsne"
"""The run whose t-SNE was asked for."""
SEEDS_RUN = "lab.features.seeds"
"""The run whose layouts by several seeds were asked for."""
TICKED_RUNS = "lab.picked"
"""Ids of the ticked runs, in the order of ticking: a checkbox forgets itself where its row is not drawn."""

# Frame, forms ---------------------------------------------------------------------------------------------------------
SIDEBAR = "lab-sidebar"
TOOLS = "lab-tools"
LANGUAGE_SWITCH = "lab-language"
EVERYTHING_SWITCH = "lab-everything"
FOOTER = "lab-footer"
NEXT = "lab-on"
NEXT_QUIET = "lab-on-quiet"
CLASS_LINK = "lab-class-link"
SHARED_LINK = "lab-shared-link"
CLASS_HIDES = "lab-class-hides"
CLASS_LANGUAGE = "lab-class-language"
CLASS_TRAINS = "lab-class-trains"
ROOM_LINE = "lab-room-line"
RUN_LINE = "lab-line"
"""A line about a run that is not on the screen."""
sign_in = KeyPattern("lab-sign-in-{provider}")
step = KeyPattern("lab-step-{place}")
step_here = KeyPattern("lab-step-{place}-here")
cards = KeyPattern("lab-cards-{name}")
setting = KeyPattern("lab-set-{owner}-{name}")
"""Name the widget of one hyperparameter of ``owner``: a method, a network, a data set, “training”."""

# Data -----------------------------------------------------------------------------------------------------------------
AREA = "lab-area"
OWN_ORIGIN = "lab-own-how"
THIRD = "lab-third"
THIRD_ORIGIN = "lab-third-how"
GALLERY_PAGE = "lab-gallery-page"
NIGHT_CLASS = "lab-night-of"
NIGHT_SEED = "lab-night-seed"
upload = KeyPattern("lab-own-{role}")
suggestion = KeyPattern("lab-suggestion-{method}")
"""Name the line of a method that the report suggests."""
advised = KeyPattern("lab-advised-{method}")
"""Name the button that begins with a suggested method."""
example_file = KeyPattern("example-file-{name}")
folder_upload = KeyPattern("lab-own-folder-{role}")
server_path = KeyPattern("lab-path-{role}")
simulation = KeyPattern("lab-own-made-{name}")
"""Name the choice of a target that is made of the source: “night” or “noise”."""
column = KeyPattern("lab-column-{field}")
sheet = KeyPattern("lab-sheet-{name}")
"""Name a sheet of sample pictures, which is drawn without smoothing."""
players = KeyPattern("players-{role}-{label}")

# Network, Method ------------------------------------------------------------------------------------------------------
CHECKPOINT = "lab-checkpoint"
HEAD = "lab-head"
PREPARATION = "lab-preparation"
SEED = "lab-seed"
SOURCE_PER_CLASS = "lab-source-per-class"
DEVICE = "lab-device"
FAMILY = "lab-family"
ORACLE = "lab-oracle"
TRAIN = "lab-train"
start_here = KeyPattern("lab-start-{kind}")

# Train, Features, Results ---------------------------------------------------------------------------------------------
START = "start"
WAYS_ON = "lab-ways-on"
PANELS = "features"
PANELS_SO_FAR = "so-far"
curves = KeyPattern("curves-{run}-{phases}-{live}")
live_table = KeyPattern("lab-table-{chart}")
run_control = KeyPattern("run-{action}")
scores = KeyPattern("lab-scores-{table}")
"""Name a table of scores, which scrolls in its own box where it is wide."""
finding_change = KeyPattern("finding-{finding}-{place}")
VALIDATORS_TRUTH = "lab-validators-truth"
ORACLE_UNLOCKED = "lab-oracle-unlocked"
changed_page = KeyPattern("lab-changed-{kind}-page")
download = KeyPattern("download-{file}")

# Lab ------------------------------------------------------------------------------------------------------------------
RUNS_VIEW = "lab-runs-view"
RUNS_FILTERS = "lab-runs-filters"
RUNS_SEARCH = "lab-runs-sought"
RUNS_ACTIONS = "lab-runs-actions"
RUNS_LIST = "lab-runs-list"
RUNS_PAGE = "lab-runs-page"
COMPARE = "lab-compare"
COMPARE_CURVE = "lab-compare-curve"
COMPARE_PAIR = "lab-compare-pair"
DELETE = "lab-delete"
LEADERBOARD_PAIR = "lab-leaderboard-pair"
runs_filter = KeyPattern("lab-runs-filter-{name}")
run_row = KeyPattern("lab-run-{run}")
run_row_shown = KeyPattern("lab-run-{run}-shown")
tick = KeyPattern("lab-pick-{run}")
open_run = KeyPattern("lab-open-{run}")
naming = KeyPattern("lab-name-{run}")
restore = KeyPattern("lab-restore-{run}")
WHAT_IF_KIND = "lab-what-if-kind"
WHAT_IF_METHOD = "lab-what-if-method"
WHAT_IF_SETTING = "lab-what-if-setting"
WHAT_IF_NIGHT = "lab-what-if-night"
WHAT_IF_SEED = "lab-what-if-seed"
WHAT_IF_PAIR = "lab-what-if-pair"
what_if = KeyPattern("lab-what-if-{runs}")
"""Name what asks for a change, by how many runs there are side by side."""
two_runs = KeyPattern("two-{first}-{second}")
two_runs_so_far = KeyPattern("two-{first}-{second}-so-far")
row_control = KeyPattern("lab-row-{action}-{run}")
STUDY_METHODS = "lab-study-methods"
STUDY_SEEDS = "lab-study-seeds"
work = KeyPattern("lab-{kind}-{action}")
"""Name a button of a study, a search or a benchmark."""
SEARCH_METHODS = "lab-search-methods"
SEARCH_VALIDATOR = "lab-search-validator"
SEARCH_UNIT = "lab-search-unit"
SEARCH_RUNS = "lab-search-runs"
SEARCH_MINUTES = "lab-search-minutes"
SEARCH_SEEDS = "lab-search-seeds"
SEARCH_TRUTH = "lab-search-truth"
search_shown_method = KeyPattern("lab-search-shown-{best}")
"""Name the choice of the method whose settings are drawn: another best one asks anew."""
WHICH_RUN_SET = "lab-which-run-set"
WHICH_RUN_TRUTH = "lab-which-run-truth"
which_run_pick = KeyPattern("lab-which-run-pick-{place}")
"""Name the choice of one of the models of a set of runs, by the set's place."""
SWEEP_METHOD = "lab-sweep-method"
SWEEP_GUESS = "weight_peak"
"""The guess at which weight target accuracy peaks; the study's key is the place that asks."""
BENCHMARK_METHODS = "lab-benchmark-methods"
BENCHMARK_PAIRS = "lab-benchmark-pairs"
BENCHMARK_KIND = "lab-benchmark-kind"
NEW_BENCHMARK_METHODS = "lab-new-benchmark-methods"
NEW_BENCHMARK_PAIRS = "lab-new-benchmark-pairs"
NEW_BENCHMARK_SEEDS = "lab-new-benchmark-seeds"

# Start, Learn ---------------------------------------------------------------------------------------------------------
SHOWCASE = "showcase"
WAYS_IN = "lab-list-ways"
PLAYGROUND_PARTS = "lab-playground-parts"
PLAYGROUND_ELEMENT = "lab-playground"
PLAYGROUND_PRESET = "lab-playground-preset"
PLAYGROUND_METHOD = "lab-playground-method"
PLAYGROUND_WITH = "lab-playground-with"
PLAYGROUND_SWEEP = "lab-playground-sweep"
METHOD_SEARCH = "lab-find"
METHOD_SEARCH_NAME = "lab-find-name"
METHOD_SEARCH_FAMILY = "lab-find-family"
LESSON_TURN = "lab-turn"
FORMULA = "lab-formula"
SYMBOLS = "lab-symbols"
READING = "lab-reading"
TRY = "lab-try"
way_in = KeyPattern("lab-entry-way-{step}")
method_list = KeyPattern("lab-list-{kind}")
method_entry = KeyPattern("lab-entry-{name}")
lesson_film = KeyPattern("film-{method}")
BUG = "lab-bug"
bug_solved = KeyPattern("lab.bug.found.{name}")
bug_mended = KeyPattern("lab.bug.mended.{name}")
bug_lines = KeyPattern("lab-bug-lines-{name}")
bug_line = KeyPattern("lab-bug-line-{name}")
bug_commit = KeyPattern("lab-bug-commit-{name}")
bug_remedy = KeyPattern("lab-bug-remedy-{name}")
QUIZ_SEED = "lab.quiz.seed"
QUIZ_ANSWER = "lab.quiz.answer"
QUIZ_COMMIT = "lab-quiz-commit"
quiz_choice = KeyPattern("lab-quiz-choice-{seed}")

# Lecture hall ---------------------------------------------------------------------------------------------------------
LECTURE = "lab-lecture"
LECTURE_FILE = "lab-lecture-file"
ROOM_OPEN = "lab-room-open"
EXERCISE_TASK = "lab-exercise-task"
EXERCISE_GOAL = "lab-exercise-goal"
EXERCISE_LABELS = "lab-exercise-labels"
EXERCISE_HIDES = "lab-exercise-hides"
CODES_LINK = "lab-codes-link"
CODES = "lab-codes"
close_room = KeyPattern("lab-room-close-{room}")
walk_with = KeyPattern("lab-room-walk-{room}")

# The course -----------------------------------------------------------------------------------------------------------
# `where` is the chapter, story or other place that asks.

COURSE_LIST = "lab-list-course"
COURSE_RESET = "lab-course-reset"
course_entry = KeyPattern("lab-entry-chapter-{chapter}")
course_text = KeyPattern("lab-prose-{place}")
"""Name a text of a chapter, which is not wider than one reads well."""
course_film = KeyPattern("film-course-{chapter}-{film}")
course_film_open = KeyPattern("lab-film-open-{chapter}-{film}")
course_map = KeyPattern("showcase-{chapter}")
noted = KeyPattern("lab.noted.{kind}.{name}.{outcome}")
"""Name the note that something was counted in this visit."""
check_box = KeyPattern("lab-check-{where}-{check}")
check_choice = KeyPattern("lab-check-choice-{where}-{check}")
check_answer = KeyPattern("lab.check.{where}.{check}")
"""Name the place of the committed answer."""
check_passed = KeyPattern("lab.check.passed.{where}.{check}")
"""Name the place that remembers that the reader went on without an answer."""
check_pass = KeyPattern("lab-check-pass-{where}-{check}")
check_commit = KeyPattern("lab-check-commit-{where}-{check}")
check_try = KeyPattern("lab-check-try-{where}-{check}")
guess_box = KeyPattern("lab-guess-{where}-{guess}")
guess_answer = KeyPattern("lab.guess.{where}.{guess}")
"""Name the committed guess."""
guess_widget = KeyPattern("lab-guess-widget-{where}-{guess}")
guess_commit = KeyPattern("lab-guess-commit-{where}-{guess}")
guess_skip = KeyPattern("lab-guess-skip-{where}-{guess}")
guess_outcome = KeyPattern("lab-guess-outcome-{where}-{guess}")
GLOSSARY_SEARCH = "lab-glossary-search"
METHODS_VIEW = "lab-methods-view"
STORY_LIST = "lab-list-stories"
story_text = KeyPattern("lab-prose-story-{part}")
"""Name a text of a story, which is not wider than one reads well."""
story_entry = KeyPattern("lab-entry-story-{story}")
story_chart = KeyPattern("story-{story}-{what}")
story_try = KeyPattern("lab-story-try-{story}")
story_runs = KeyPattern("lab.story.runs.{story}")
"""Name the ids of the live runs of a story, by run."""
remove_upload = KeyPattern("remove-upload-{file}")
"""Return the key of the button that removes an upload."""
