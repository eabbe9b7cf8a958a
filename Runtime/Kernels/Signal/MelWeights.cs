namespace Cameo.Kernels;

/// <summary>Weights that sum the bins of a spectrum to bands of the mel scale (ONNX's MelWeightMatrix).</summary>
public static unsafe class MelWeights
{
    /// <summary>Writes the matrix: triangles with the peak 1, whose corners are equally far apart on the mel scale, rounded down to bins.</summary>
    /// <param name="bands">Number of triangles.</param>
    /// <param name="length">Numbers of the transform that the spectrum is of.</param>
    /// <param name="sampleRate">Samples a second.</param>
    /// <param name="lowest">The lowest frequency, in Hz.</param>
    /// <param name="highest">The highest frequency, in Hz.</param>
    /// <param name="weights">Receives [length / 2 + 1, bands] numbers.</param>
    /// <param name="operation">Operator and node, for messages.</param>
    /// <exception cref="ArgumentException">A triangle reaches bins that the spectrum does not have.</exception>
    public static void Write(long bands, long length, double sampleRate, double lowest, double highest, double* weights, string operation)
    {
        long bins = (length / 2) + 1;
        new Span<double>(weights, checked((int)(bins * bands))).Clear();
        double start = Mel(lowest);

        // The specification divides by the number of corners and not by that of the steps between them.
        double step = (Mel(highest) - start) / (bands + 2);
        for (long band = 0; band < bands; band++)
        {
            long left = Bin(band), center = Bin(band + 1), right = Bin(band + 2);
            if (left < 0 || Math.Max(center, right - 1) >= bins || center < left)
            {
                throw new ArgumentException($"{operation}: band {band} between {lowest} Hz and {highest} Hz spans the bins {left} to {right}, but a transform of {length} samples at {sampleRate} Hz has {bins}.");
            }

            for (long bin = left; bin < center; bin++)
            {
                weights[(bin * bands) + band] = (double)(bin - left) / (center - left);
            }

            weights[(center * bands) + band] = 1;
            for (long bin = center + 1; bin < right; bin++)
            {
                weights[(bin * bands) + band] = (double)(right - bin) / (right - center);
            }
        }

        long Bin(long corner)
        {
            double frequency = 700 * (Math.Pow(10, ((corner * step) + start) / 2595) - 1);
            double bin = Math.Floor((length + 1) * frequency / sampleRate);
            return double.IsNaN(bin) ? -1 : (long)bin;
        }
    }

    private static double Mel(double frequency) => 2595 * Math.Log10(1 + (frequency / 700));
}
