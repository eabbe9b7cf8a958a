namespace Cameo.Kernels;

/// <summary>
/// Probabilities of several classes from those of pairs: Wu, Lin, Weng, "Probability estimates for multi-class classification by pairwise coupling",
/// https://www.jmlr.org/papers/volume5/wu04a/wu04a.pdf, algorithm 2.
/// </summary>
internal static unsafe class PairwiseCoupling
{
    private const int Rounds = 100;

    /// <summary>Pair probabilities stay this far from 0 and 1.</summary>
    private const double Margin = 1e-7;

    /// <summary>Scratch memory for <paramref name="classes"/> classes, in elements.</summary>
    public static long ScratchDoubles(long classes) => (2 * classes * classes) + (2 * classes);

    /// <summary>Writes the probabilities of the classes.</summary>
    public static void Probabilities(int classes, float* decisions, float* slopes, float* offsets, double* scratch, float* results)
    {
        double* pairs = scratch;
        double* matrix = pairs + ((long)classes * classes);
        double* product = matrix + ((long)classes * classes);
        double* probabilities = product + classes;
        int pair = 0;
        for (int i = 0; i < classes; i++)
        {
            for (int j = i + 1; j < classes; j++, pair++)
            {
                double probability = 1 - ScoreTransforms.Logistic((decisions[pair] * (double)slopes[pair]) + offsets[pair]);
                probability = Math.Clamp(probability, Margin, 1 - Margin);
                pairs[(i * classes) + j] = probability;
                pairs[(j * classes) + i] = 1 - probability;
            }
        }

        FillMatrix(classes, pairs, matrix);
        Solve(classes, matrix, product, probabilities);
        for (int index = 0; index < classes; index++)
        {
            results[index] = (float)probabilities[index];
        }
    }

    private static void FillMatrix(int classes, double* pairs, double* matrix)
    {
        for (int i = 0; i < classes; i++)
        {
            double diagonal = 0;
            for (int j = 0; j < classes; j++)
            {
                if (j != i)
                {
                    double against = pairs[(j * classes) + i];
                    diagonal += against * against;
                    matrix[(i * classes) + j] = -against * pairs[(i * classes) + j];
                }
            }

            matrix[(i * classes) + i] = diagonal;
        }
    }

    private static void Solve(int classes, double* matrix, double* product, double* probabilities)
    {
        new Span<double>(probabilities, classes).Fill(1.0 / classes);
        double tolerance = 0.005 / classes;
        for (int round = 0; round < Rounds; round++)
        {
            double quadratic = 0;
            for (int i = 0; i < classes; i++)
            {
                product[i] = 0;
                for (int j = 0; j < classes; j++)
                {
                    product[i] += matrix[(i * classes) + j] * probabilities[j];
                }

                quadratic += probabilities[i] * product[i];
            }

            double error = 0;
            for (int i = 0; i < classes; i++)
            {
                error = Math.Max(error, Math.Abs(product[i] - quadratic));
            }

            if (error < tolerance)
            {
                return;
            }

            for (int i = 0; i < classes; i++)
            {
                double diagonal = matrix[(i * classes) + i];
                double change = (quadratic - product[i]) / diagonal;
                probabilities[i] += change;
                double scale = 1 + change;
                quadratic = (quadratic + (change * ((change * diagonal) + (2 * product[i])))) / scale / scale;
                for (int j = 0; j < classes; j++)
                {
                    product[j] = (product[j] + (change * matrix[(i * classes) + j])) / scale;
                    probabilities[j] /= scale;
                }
            }
        }
    }
}
