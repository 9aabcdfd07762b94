from hotd.loading.candidate import Candidate, Plan
from hotd.loading.generation import Generation, UnknownPart
from hotd.loading.loader import Loader
from hotd.loading.pool import Pool
from hotd.loading.refusal import Avoided

__all__ = ["Loader", "Pool", "Generation", "Candidate", "Plan", "Avoided", "UnknownPart"]
