"""Small tasks: series, sequences that need a memory, text, handwritten digits, spike templates and speech.

Series, sequences and templates are computed here; the other data come with Python packages, and nothing is
downloaded.
"""

from .dates import SpokenDates as SpokenDates
from .dates import spoken_dates as spoken_dates
from .images import POSES as POSES
from .images import Digits as Digits
from .images import PosedDigits as PosedDigits
from .images import digits as digits
from .images import posed_digits as posed_digits
from .manual import python_manual as python_manual
from .points import yin_yang as yin_yang
from .sequences import copying as copying
from .sequences import graph_walks as graph_walks
from .sequences import recall as recall
from .sequences import recall_in_order as recall_in_order
from .series import lorenz as lorenz
from .series import mackey_glass as mackey_glass
from .series import narma as narma
from .series import sunspots as sunspots
from .speech import Speech as Speech
from .speech import japanese_vowels as japanese_vowels
from .templates import Templates as Templates
from .templates import spike_templates as spike_templates
