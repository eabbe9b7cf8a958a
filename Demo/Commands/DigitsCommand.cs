using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using System.Reflection;
using Cameo.Demo.Images;
using Cameo.Demo.Output;
using Cameo.Models;

namespace Cameo.Demo.Commands;

/// <summary><c>digits</c>: reads a handwritten digit.</summary>
public static class DigitsCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo?>("image")
        {
            Description = $"A {ImageFile.Formats} file with one digit, dark on light or light on dark, of any size. "
                + "Without it a built-in sample is read.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var sample = new Option<int>("--sample")
        {
            Description = "The built-in sample, 0 to 9.",
            DefaultValueFactory = _ => 3,
            HelpName = "digit",
            CustomParser = result => NumberArgument.Parse<int>(result, "--sample", "from 0 to 9", static value => value is >= 0 and <= 9),
        };
        var command = new Command("digits", "Reads a handwritten digit from an image and shows the scores.") { file, sample };
        command.SetAction(result => Run(result.GetValue(file), result.GetValue(sample)));
        return command;
    }

    private static int Run(FileInfo? file, int sample)
    {
        float[] pixels = DigitImage.Prepare(ReadImage(file, sample));
        using var model = new Digits();
        using Digits.Session session = model.CreateSession();
        var image = new ReadOnlyTensorSpan<float>(pixels, [1, 1, DigitImage.Side, DigitImage.Side]);
        session.Run(image); // the first run compiles the kernels; the second one shows what a run takes
        long started = Stopwatch.GetTimestamp();
        ReadOnlySpan<float> scores = session.Run(image);
        TimeSpan taken = Stopwatch.GetElapsedTime(started);
        PixelArt.Write(Console.Out, pixels, DigitImage.Side);
        Console.WriteLine();
        ScoreBars.Write(Console.Out, scores);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"\n{file?.Name ?? $"sample {sample}"} in {taken.TotalMicroseconds:0} µs"));
        return ExitCodes.Done;
    }

    private static GreyImage ReadImage(FileInfo? file, int sample)
    {
        if (file is null)
        {
            using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"samples/{sample}.png")
                ?? throw new InvalidOperationException($"sample {sample} is missing from the program");
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return ImageFile.Read(bytes);
        }

        if (!file.Exists)
        {
            throw new UsageException($"there is no file {file.FullName}");
        }

        return ImageFile.Read(File.ReadAllBytes(file.FullName));
    }
}
