"""Seniority and function, read off a job title."""

import re

SENIORITIES = {
    "executive": r"\b(c[a-z]o|chief|founder|co-?founder|owner|president|managing director|partner)\b",
    "vp": r"\b(vp|svp|evp|avp|vice president|head)\b",
    "director": r"\b(director|principal)\b",
    "manager": r"\b(manager|lead|supervisor|team lead)\b",
    "individual": r"\b(engineer|developer|analyst|architect|specialist|consultant|administrator|scientist|officer)\b",
    "entry": r"\b(intern|student|trainee|assistant|junior|graduate)\b",
}
FUNCTIONS = {
    "security": r"\b(security|ciso|infosec|compliance|risk)\b",
    "data": r"\b(data|analytics|bi|machine learning|ml|ai)\b",
    "engineering": r"\b(engineer\w*|developer|software|architect\w*|cto|devops|sre|platform|r&d|technical|technology)\b",  # noqa: E501
    "it": r"\b(it|cio|information|infrastructure|systems?|network|administrator)\b",
    "product": r"\b(product|cpo|ux|design\w*)\b",
    "marketing": r"\b(marketing|cmo|brand|growth|demand|content)\b",
    "sales": r"\b(sales|cro|revenue|account|business development|commercial)\b",
    "finance": r"\b(finance|financial|cfo|controller|accounting|treasurer)\b",
    "operations": r"\b(operations|coo|supply|logistics|procurement|purchasing|plant)\b",
    "people": r"\b(hr|human resources|people|talent|chro)\b",
    "general": r"\b(ceo|founder|owner|president|general manager|managing director)\b",
}
_vice_president = re.compile(r"\b(vice[- ]president)\b")


def _first(table: dict[str, str], title: str) -> str:
    lowered = _vice_president.sub("vp", title.casefold())
    return next((name for name, pattern in table.items() if re.search(pattern, lowered)), "")


def seniority_of(title: str) -> str:
    """One of SENIORITIES, the most senior that the title names; "" where it names none."""
    if re.search(SENIORITIES["entry"], title.casefold()):
        return "entry"
    return _first(SENIORITIES, title)


def function_of(title: str) -> str:
    """One of FUNCTIONS; "" where the title names none."""
    return _first(FUNCTIONS, title)
