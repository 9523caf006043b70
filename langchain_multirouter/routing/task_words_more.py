"""More task words: embeddings and chat, words that only steer, the languages left out so far."""

#: As `task_words.TABLE`. Words that steer end a sentence or a noun phrase, begin a request or a
#: question, or point at what is attached.
FURTHER = """
embeddings thing 3:
  embedding embeddings vector vectors vector_representation vector_representations
  sentence_embeddings text_embeddings vector_embeddings vektor vektoren einbettung einbettungen
  einbettungsvektoren vektordarstellung satzvektoren wortvektoren einbettungsvektor
  kosinus_ähnlichkeit kosinusähnlichkeit vecteur vecteurs plongement plongements
  représentation_vectorielle représentations_vectorielles vectores representación_vectorial
  representaciones_vectoriales incrustaciones
embeddings ask 3:
  embed_the embed_this embed_these embed_each embed_all embed_my embed_following vectorize vectorise
  embed_both vektorisiere vektorisieren bette_diese bette_die bette_den bette_jeden vectoriser
  vectorisez vectoriza vectorizar vectorice
embeddings name 2:
  cosine_similarity semantic_similarity similarity_search similarity_scores similarity_score
  semantic_search vector_search vector_index embedding_space nearest_neighbours nearest_neighbors
  nearest_neighbour nearest_neighbor most_similar dense_retrieval vector_store semantische_suche
  semantischen_suche vektorsuche ähnlichkeitssuche semantische_ähnlichkeit ähnlichsten_dokumente
  ähnlichsten_texte cosinus_ähnlichkeit recherche_sémantique recherche_vectorielle
  similarité_cosinus similarité_sémantique plus_similaires recherche_par búsqueda_semántica
  búsqueda_vectorial similitud_del similitud_coseno similitud_semántica más_parecidos más_similares
chat ask 3:
  translate übersetze übersetzen übersetz traduis traduire traduisez traduce traducir traduzca
chat ask 2:
  recommend suggest advise brainstorm empfehlen empfiehl rate_mir raten recommander recommande
  conseille conseilles conseiller recomienda recomendar recomiéndame aconsejas aconséjame name_three
  name_five nenne_mir
chat ask 1.5:
  explain erkläre erklär erklären explique expliquer expliquez explica explícame explicar
chat name 0.5:
  hi hello hey thanks thank_you good_morning hallo servus danke guten_tag guten_morgen moin bonjour
  salut merci bonsoir coucou hola gracias buenos_días buenas_tardes
chat thing 2.5:
  list ideas idea tips advice recipe recipes suggestions recommendations itinerary examples
  translation explanation facts names reasons ways steps plan liste ideen idee tipps rat rezept
  vorschläge empfehlung übersetzung beispiele gründe reiseplan ausflugsziele idées conseils recette
  exemples traduction lista consejos receta sugerencias ejemplos traducción consejo lister
chat sign 0.5:
  die_geschichte der_geschichte geschichte_europas geschichte_deutschlands l_histoire la_historia
  the_history the_story
creative_writing make 1.8:
  write compose draft author schreib schreibe schreiben_sie schreibt verfasse verfass écris écrire
  écrivez rédige rédiger rédigez composer escribe escribir escriba escríbeme escribirme redacta
  redactar compón componer
chat make 0:
  create generate make build develop design produce compute calculate render erstelle erstell
  erzeuge generiere baue entwickle entwirf berechne mache mach wandle crée créer créez génère
  générer générez fais faire construis développe conçois calcule calculer produis convertis crea
  crear cree genera generar genere haz hacer hazme hacerme desarrolla diseña calcula calcular
  convierte obtén convert describe beschreibe décris run führe gestalte come_up think_of make_up
  denk_dir
creative_writing make_late 1.8:
  schreiben verfassen
chat make_late 0:
  erstellen erzeugen generieren machen bauen entwickeln berechnen entwerfen malen ausgeben
  beschreiben
chat get 0:
  give show tell provide need want like send get return prepare gib gebe zeig zeige erzähl erzähle
  erzählen brauche möchte benötige liefere lies donne donnez montre raconte racontez veux voudrais
  aimerais besoin faut produit dame muéstrame cuéntame cuenta quiero necesito devuelve
chat stop 0:
  . ! ? ; : ¿ ¡
chat article 0:
  a an the my your our some der die das den dem des ein eine einen einem einer mein meine meinen
  unser unsere un une le la les l mon ma mes notre nos una el los las unos unas mis nuestra nuestro
chat link 0:
  of for that which in on with to from by using into between as für von mit im auf aus bei zu zur
  zum als dass zwischen de du d pour avec dans en par entre à para con del al por donde da per di
chat about 0:
  about regarding concerning über sur sobre acerca
chat lead 0:
  please you me and then also now help just bitte mir und dann mal auch jetzt sie tu vous moi et
  puis veuillez plaît peux pouvez favor y luego ahora puedes podrías und_dann
chat this 0:
  this these attached following below uploaded dies diese dieser dieses diesem diesen angehängte
  angehängten ce cet cette ces ci-joint suivant suivante este esta estos estas adjunta adjunto
  siguiente
chat question 1:
  what who whom whose when where why how is are was were does did should wer wann wo warum wie wieso
  weshalb wem wen woher wohin welcher welche welches seit ist sind qui quoi quand où pourquoi
  comment combien quel quelle quels quelles est qu qué quién quiénes cuándo dónde cómo cuánto cuánta
  cuántos cuántas cuál cuáles
chat self 0.4:
  i ich je j yo tengo estoy
embeddings name 2.6:
  semantic_retrieval dense_vectors dense_vector the_cosine as_vectors sentence_vectors
"""

#: Italian, Portuguese, Dutch, Polish, Turkish, Russian, Chinese, Japanese, Korean.
MORE = """
summarization ask 3:
  riassumi riassumere riassumimi sintetizza resuma_o resuma_este samenvatten vat_samen vat_deze
  vat_dit podsumuj streść özetle обобщи резюмируй суммируй 总结 总结一下 概括 归纳 總結 要約して
  要約 まとめて 요약해 요약해줘 요약
summarization thing 3:
  riassunto sintesi resumo samenvatting podsumowanie streszczenie özet резюме саммари
  краткое_содержание 摘要 概要
code_generation thing 3:
  funzione codice programma função funções functie программу программа функцию функция код скрипт
  запрос класс funkcję funkcja kod skrypt fonksiyon 函数 代码 脚本 程序 算法 類別 関数 コード
  プログラム スクリプト 함수 코드 프로그램
analysis ask 3:
  analizza analizzare confronta confrontare valuta valutare classifica estrai analise analisar
  avalie avaliar classifique extraia analyseer vergelijk beoordeel classificeer проанализируй
  проанализируйте сравни сравните оцени классифицируй извлеки przeanalizuj porównaj oceń 分析 比较
  比較 评估 評估 提取 分类 比較して 分析して 분석해 비교해 分類して
creative_writing thing 3:
  poesia racconto storia canzone favola lettera história conto canção verhaal liedje стихотворение
  стих рассказ сказку сказка историю песню письмо wiersz opowiadanie piosenkę şiir hikaye 诗 故事
  小说 歌词 散文 作文 诗歌 短篇小说 詩 物語 俳句 小説 歌詞 시를 이야기
multimodal thing 3:
  immagine immagini imagem imagens afbeelding изображение картинку картинка фото видео obraz zdjęcie
  resim 图片 照片 图像 视频 画像 写真 動画 이미지 사진
multimodal ask 2.5:
  disegna desenhe teken нарисуй транскрибируй narysuj 画一 绘制 転写
embeddings thing 3:
  vettore vettori vetor vetores эмбеддинги эмбеддинг вектор векторы 向量 嵌入 ベクトル 埋め込み
  임베딩
chat ask 3:
  traduci traduza vertaal переведи переведите przetłumacz 翻译 翻譯 翻訳して
chat ask 2:
  spiega consigliami объясни посоветуй 解释 推荐 説明して
chat name 0.5:
  ciao olá привет спасибо 你好 谢谢 こんにちは
chat thing 2.5:
  建议 菜谱
creative_writing make 1.8:
  scrivi scrivere escreva schrijf напиши напишите сочини napisz yaz 写一 写 寫 撰写
chat make 0:
  criar crie maak genereer создай сделай сгенерируй stwórz wygeneruj oluştur 生成 创建 制作 计算
  描述
creative_writing make_late 1.8:
  schrijven 書いて 作って 써줘
chat make_late 0:
  maken 作成して 生成して 만들어
chat get 0:
  dammi me_dê geef дай расскажи расскажите 给我 讲一 讲 教えて
chat stop 0:
  。 ？ ！ ：
chat article 0:
  il lo gli een het um uma o os
chat link 0:
  com van voor met
chat about 0:
  о про
chat lead 0:
  per_favore por_favor пожалуйста 请 请你 帮我
chat this 0:
  questo questa deze dit этот эту это эти 这 この
chat question 1:
  chi perché quando dove quanto quale cosa quem onde wat waarom hoe что кто когда где почему как
  какой какая сколько 什么 为什么 怎么 谁 哪 なぜ 何
chat self 0.4:
  я мой моя 我
"""
