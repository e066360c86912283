"""Every model that is trained on records."""

from predictor.training.recipe import Recipe
from predictor.training.recipes.diffusion import RECIPE as DIFFUSION
from predictor.training.recipes.discriminative import RECIPE as DISCRIMINATIVE
from predictor.training.recipes.generative_a_priori import RECIPE as GENERATIVE_A_PRIORI
from predictor.training.recipes.generative_known_runtime import RECIPE as GENERATIVE_KNOWN_RUNTIME

RECIPES: tuple[Recipe, ...] = (GENERATIVE_KNOWN_RUNTIME, GENERATIVE_A_PRIORI, DIFFUSION, DISCRIMINATIVE)
NAMES = tuple(each.name for each in RECIPES)
