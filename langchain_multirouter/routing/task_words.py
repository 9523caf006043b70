"""Task words: what a whole word says about a task, and how; a heading for each meaning.

A heading is a task, a role and a weight. `ask` is a verb that names its task by itself
("summarize"). `make` is one that takes it from its object ("write" a poem); `make_late` too, also
where the object stands before it (German, Japanese); `get` likewise, but not across a preposition
("give" me a summary). `thing` is such an object: merely mentioned it says little. `name` is a
phrase that says its task anywhere, `sign` a hint. The other roles only steer.

`a_b` is the phrase "a b". A word under two headings has the meaning of the first.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from typing import NamedTuple

from ..request import TaskType
from .task_words_more import FURTHER, MORE

Role = Enum(
    "Role",
    "NONE ASK MAKE MAKE_LATE GET THING NAME SIGN STOP ARTICLE LINK ABOUT LEAD THIS QUESTION SELF",
)


class Meaning(NamedTuple):
    """What one word of the table says; `phrases` by the word that follows it."""

    task: str
    role: Role
    weight: float
    word: str
    phrases: dict[str, Meaning]


TABLE = """
summarization ask 3:
  summarize summarise summarizing summarising recap condense sum_up zusammenfassen zusammenzufassen
  zusammengefasst resümieren resümiere fasse fass résumer résume résumez résumes résumons synthétise
  synthétiser synthétisez condenser condensez resume_ce resume_cet resume_cette resume_moi
  resume_les resumer resumir resúmelo resúmela resúmeme resúmenos resuma resumid resume_este
  resume_esta resume_el resume_los resume_las resume_en resume_brevemente resume_lo resume_estos
  resume_estas sintetiza sintetizar sintetice condensa condensar
summarization ask 2:
  shorten boil_down digest abridge kürze kürzen einkürzen verdichte verdichten komprimiere
  raccourcis raccourcir raccourcissez abrège abréger acorta acortar abrevia abreviar boil_this
  boil_it
summarization name 3:
  tldr in_summary in_resumen en_resumen en_résumé
summarization name 2.5:
  key_points main_points key_takeaways main_takeaways main_ideas key_ideas key_facts
  executive_summary in_brief bullet_points main_takeaway key_takeaway kernaussagen kernpunkte
  hauptaussagen hauptpunkte kernaussage wichtigsten_punkte wichtigste_punkte wichtigsten_aussagen
  stichpunkte stichpunkten points_clés points_essentiels points_principaux idées_principales
  idées_clés grandes_lignes principaux_points puntos_clave puntos_principales ideas_principales
  ideas_clave short_version nutshell kurzversion version_courte versión_corta this_shorter
  it_shorter
summarization thing 3:
  summary summaries synopsis abstract overview gist outline zusammenfassung zusammenfassungen
  kurzfassung überblick inhaltsangabe résumé résumés synthèse synthèses aperçu un_resume le_resume
  resumen resúmenes síntesis sinopsis
code_generation ask 3:
  debug refactor implement debugging reimplement typecheck program_a code_a code_an code_up
  programmiere programmieren programmier implementiere implementieren debugge debuggen refaktoriere
  refaktorisiere kodiere implémente implémenter implémentez programme_un programme_une programme_le
  programmer programmez débogue déboguer débugger refactorise refactoriser coder codez implementa
  implementar implemente programa_un programa_una programar depura depurar depure refactoriza
  refactorizar programe
code_generation thing 3:
  function functions code program programs script scripts class classes method algorithm query
  endpoint endpoints api regex regexp app module library package component decorator compiler parser
  crawler scraper linter bot cli unit_test unit_tests test_case test_cases snippet stylesheet
  dockerfile makefile macro subroutine webpage website bug codebase middleware microservice webhook
  backend frontend loop repo pipeline funktion funktionen skript skripte programm programme klasse
  klassen methode algorithmus abfrage abfragen schnittstelle modul bibliothek quellcode quelltext
  anwendung webseite komponente unittests datenbankabfrage fonction fonctions programme_en
  programme_python classe méthode algorithme requête requêtes bibliothèque composant tests_unitaires
  application función funciones código programa programas clase clases método algoritmo consulta
  consultas biblioteca componente pruebas_unitarias aplicación página_web site_web formulario
  cronjob callback
code_generation name 2.6:
  in_python in_javascript in_typescript in_java in_cpp in_csharp in_sql in_rust in_bash in_php
  in_ruby in_kotlin in_swift in_react in_excel in_r in_go in_c in_html in_css in_pandas en_python
  en_javascript en_typescript en_java en_cpp en_csharp en_sql en_rust en_bash en_php en_ruby
  en_kotlin en_swift en_react en_excel en_r en_go en_c en_html en_css en_pandas cron_expression
  github_action error_message merge_conflict command_line shell_command
code_generation name 3:
  regular_expression regular_expressions stack_trace syntax_error pull_request source_code
  pseudo_code code_review compile_error segmentation_fault null_pointer for_loop while_loop
  linked_list binary_tree regulären_ausdruck regulärer_ausdruck reguläre_ausdrücke
  expression_régulière expressions_régulières code_source expresión_regular expresiones_regulares
  código_fuente
code_generation sign 2.1:
  python javascript typescript cpp csharp golang php scala haskell bash powershell sql postgres
  postgresql mysql sqlite css vue django flask fastapi nodejs numpy pandas pytorch tensorflow docker
  kubernetes terraform github git npm stdout stderr nullpointerexception typeerror valueerror
  keyerror traceback segfault recursion webpack graphql tsx jsx vba matlab fortran cobol in_c in_go
  in_r stacktrace println printf elif malloc nullptr foreach exception nullpointer pip kubectl cron
  crontab regexes stackoverflow localhost sudo venv eslint pytest junit selenium nginx redis mongodb
  dataframe
code_generation sign 1.5:
  react swift rust ruby java perl angular async undefined linux compile recursive kotlin array
  arrays integer integers boolean html lambda range print
code_generation sign 0.8:
  json yaml xml csv
code_generation ask 1.5:
  fix optimize optimise corrige corriger corrigez behebe beheben korrigiere repariere corregir
  arregla optimiza optimiere
analysis ask 3:
  analyze analyse analyzing analysing compare contrast evaluate assess examine investigate classify
  categorize categorise extract interpret diagnose critique analysiere analysieren analysier
  vergleiche vergleichen vergleich bewerte bewerten beurteile beurteilen untersuche untersuchen
  klassifiziere klassifizieren kategorisiere kategorisieren extrahiere extrahieren interpretiere
  interpretieren prüfe_ob auswerten werte_diese werte_die werte_den werte_das identifiziere
  identifizieren ordne_die ordne_diese ordne_den einordnen bestimme analyser analysez comparer
  comparez évalue évaluer évaluez examiner examinez classe_ces classe_les classer classez classifie
  classifier extrais extraire extrayez interprète interpréter interprétez identifie identifier
  identifiez étudie_les catégorise catégoriser analiza analizar analice compara comparar evalúa
  evaluar evalúe examina examinar clasifica clasificar clasifique extrae extraer extraiga interpreta
  interpretar identifica identificar identifique categoriza categorizar investiga_por
analysis ask 2.5:
  identify conclude infer determine deduce quantify benchmark audit break_down weigh_up review
  group_the group_these sort_these label_each label_the gegenüberstellen pick_the pick_out
  select_the wähle_die choisis_les elige_los
analysis name 3:
  sentiment_of sentiment_analysis root_cause swot_analysis logical_fallacy weak_points
  points_faibles puntos_débiles
analysis name 2:
  whether_these whether_each whether_the ob_diese pros_and swot dafo cost_benefit trade_offs
  tradeoffs based_on according_to given_the advantages_and strengths_and vor_und vorteile_und
  laut_text laut_dem avantages_et selon_le selon_la d_après analyse_swot causes_de causas_de
  ventajas_y según_el según_la análisis_dafo
analysis name 1.5:
  conclusions schlüsse schlussfolgerungen conclusiones
analysis name 1.2:
  the_following the_paragraph the_passage the_text this_text this_passage of_these each_of
  following_text these_results
analysis thing 2.5:
  analysis analyses comparison evaluation assessment classification conclusion conclusions findings
  breakdown auswertung bewertung untersuchung schlüsse schlussfolgerungen datenanalyse risikoanalyse
  stimmungsanalyse gegenüberstellung swot_analyse comparaison évaluation análisis comparación
  evaluación conclusiones comparativa
analysis sign 1:
  data dataset statistics trend trends correlation variance regression hypothesis bottleneck
  outliers research study studies survey metrics sentiment passage article argument arguments
  mentioned daten datensatz statistik studie forschung umfrage korrelation ergebnisse absatz
  textabschnitt folgenden folgende données statistiques tendances étude recherche corrélation
  résultats suivants suivantes datos estadísticas tendencias estudio investigación correlación
  resultados siguientes pasaje artículo factors implications causes consequences faktoren ursachen
  facteurs factores fallacy argumento argumentos argumente churn weaknesses
creative_writing thing 3:
  poem poems poetry story stories tale haiku haikus sonnet limerick lyrics song songs rap novel
  novella fable fairytale screenplay monologue ballad verse rhyme essay speech toast eulogy letter
  letters email mail blog blogpost tweet caption slogan tagline jingle joke fanfiction dialogue
  scene chapter prose movie_script film_script parody satire diary paragraph riddle obituary
  advertisement script_for limericks bio invitation gedicht gedichte geschichte kurzgeschichte
  kurzgeschichten märchen gutenachtgeschichte liebesgedicht sonett lied liedtext songtext kinderlied
  rede hochzeitsrede geburtstagsrede trauerrede einen_brief ein_brief brief_an liebesbrief
  roman_über fabel drehbuch monolog dialog reim witz szene kapitel aufsatz erzählung blogbeitrag
  werbetext tagebucheintrag krimi parodie strophe einladung poème poèmes histoire histoires conte
  contes une_nouvelle nouvelle_policière chanson chansons haïku haïkus discours lettre roman récit
  scénario comptine essai rédaction blague ode scène berceuse poema poemas cuento cuentos historia
  historias relato relatos canción canciones soneto discurso carta fábula novela monólogo diálogo
  guion ensayo redacción chiste microrrelato verso versos nana escena leyenda myth legend anecdote
  note riddles pitch adventure rima rimas mythos legende ansprache légende petit_poème mito
  plot_twist ending
creative_writing ask 1.8:
  imagine pretend invent rewrite rephrase storytelling roleplay continue_this continue_the dichte
  reime erfinde erfinden fantasiere stell_dir stelle_dir stellen_sie formuliere umschreiben imaginez
  invente inventer inventez réécris réécrire reformule imagina inventa inventar reescribe reescribir
  cuéntame_un cuéntame_una continúa_esta pen_a versify
multimodal thing 3:
  image images picture pictures photo photos photograph screenshot video videos audio recording
  illustration logo painting drawing infographic thumbnail podcast voice_memo clip diagram_in jpeg
  jpg png mp3 mp4 wav bild bilder foto fotos bildschirmfoto audiodatei tonaufnahme aufnahme
  zeichnung gemälde sprachnachricht vidéo vidéos enregistrement dessin capture_d tableau_de
  photographie imagen imágenes fotografía vídeo vídeos grabación dibujo ilustración captura_de
  logotipo wallpaper poster scan avatar icon collage meme affiche cartel plakat
multimodal ask 2.5:
  draw sketch illustrate transcribe paint photoshop ocr zeichne zeichnen male_ein male_eine male_mir
  mal_ein transkribiere transkribieren skizziere illustriere dessine dessiner dessinez transcris
  transcrire transcrivez illustre peins dibuja dibujar dibújame transcribir transcribas ilustra
  pinta
creative_writing sign 1.2:
  poetic poetically rhyming poetisch poétique poético
multimodal name 2:
  the_photo the_picture the_image the_screenshot my_photo my_picture the_audio the_recording
  dem_bild dem_foto l_image la_photo la_foto la_imagen i_uploaded i_attached sous_titre sous_titrer
"""


def _spellings(word: str) -> set[str]:
    """The word, and as it is typed without accents (ä is ae, é is e; "resume" is English)."""
    word = unicodedata.normalize("NFKC", word.casefold())
    if max(word) > "ɏ" or "résum" in word:
        return {word}
    umlauts = word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    apart = unicodedata.normalize("NFD", word)
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    return {word, bare if umlauts == word else umlauts}


def _read(table: str) -> dict[str, Meaning]:
    words: dict[str, Meaning] = {}
    phrases: list[tuple[str, Meaning]] = []
    heading: list[str] = []
    for line in table.strip().splitlines():
        if not line.startswith(" "):
            heading = line.removesuffix(":").split()
            continue
        task, role, weight = heading
        for listed in line.split():
            meaning = Meaning(
                TaskType(task).value,
                Role[role.upper()],
                float(weight),
                listed.replace("_", " "),
                {},
            )
            for spelling in _spellings(listed):
                if "_" in spelling:
                    phrases.append((spelling, meaning))
                else:
                    words.setdefault(spelling, meaning._replace(phrases={}))
    for spelling, meaning in phrases:
        first, second = spelling.split("_")
        alone = Meaning(TaskType.CHAT.value, Role.NONE, 0.0, first, {})
        words.setdefault(first, alone).phrases.setdefault(second, meaning)
    return words


WORDS = _read(TABLE + FURTHER + MORE)

_ASCII = {
    code: "." if chr(code) in ".!?;:" else " "
    for code in range(128)
    if chr(code) != "_" and not chr(code).isalnum()
}
_TOKENS = re.compile(r"\w+|[.!?;:¿¡。]")
#: Words that are not written with letters alone, as the table has them.
_RESPELLED = (("tl;dr", "tldr"), ("c++", "cpp"), ("c#", "csharp"))
#: What opens a quotation, and the quotation: it ends in its line, and nothing steps back.
_QUOTED = (
    ('"', re.compile(r'"[^"\n]*+"')),
    ("`", re.compile(r"`[^`\n]*+`")),
    (" '", re.compile(r"(?<=\s)'[^'\n]*+'(?!\w)")),
    ("“", re.compile(r"“[^“”\n]*+”")),
    ("„", re.compile(r"„[^„“”\n]*+[“”]")),
    ("«", re.compile(r"«[^«»\n]*+»")),
    ("‘", re.compile(r"‘[^‘’\n]*+’(?!\w)")),
    ("「", re.compile(r"「[^「」\n]*+」")),
)
#: Scripts without spaces: their words are looked for in the running text, the longest first.
_UNSPACED = re.compile(
    "|".join(sorted((re.escape(w) for w in WORDS if "⺀" <= w[0] <= "힣"), key=len, reverse=True))
)


def without_quotes(text: str) -> str:
    """A text without what stands in quotes, unless that is all there is."""
    outside = text
    for opening, quotation in _QUOTED:
        if opening in outside:
            outside = quotation.sub(" ", outside)
    return outside if outside is text or any(map(str.isalnum, outside)) else text


def words_of(text: str) -> list[str]:
    """A casefolded text's words and stops."""
    for written, word in _RESPELLED:
        if written in text:
            text = text.replace(written, word)
    if text.isascii():  # the same words as the pattern's, in a third of its time
        return text.translate(_ASCII).replace(".", " . ").split()
    text = _UNSPACED.sub(r" \g<0> ", unicodedata.normalize("NFKC", text).casefold())
    return _TOKENS.findall(text)
